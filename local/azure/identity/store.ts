import { createHash, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS grants (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, grant TEXT NOT NULL, expiresAt INTEGER NOT NULL,
    redeemed INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE IF NOT EXISTS sessions (
    hash TEXT PRIMARY KEY, id TEXT NOT NULL, userId TEXT NOT NULL, expiresAt INTEGER NOT NULL) STRICT;
`;

const Grant = z.object({
  clientId: z.string(),
  userId: z.string(),
  sessionId: z.string(),
  scopes: z.array(z.string()),
  redirectUri: z.string(),
  nonce: z.string().optional(),
  codeChallenge: z.string().optional(),
  codeChallengeMethod: z.enum(["S256", "plain"]).optional(),
});

/** What a person allowed an application, by one sign-in. */
export type Grant = z.infer<typeof Grant>;

const GrantRow = z.object({
  grant: z.string().transform((text) => Grant.parse(JSON.parse(text))),
  expiresAt: z.number(),
  redeemed: z.number().transform((count) => count > 0),
});

const Session = z.object({ id: z.string(), userId: z.string(), expiresAt: z.number() });
export type Session = z.infer<typeof Session>;

/** Codes, refresh tokens and sessions. Only their digests are kept: the file alone opens nothing. */
export class IdentityStore {
  readonly #db: DatabaseSync;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#db = new DatabaseSync(path.join(folder, "identity.sqlite"));
    this.#db.exec(SCHEMA);
  }

  /** The new code or refresh token. */
  addGrant(kind: "code" | "refresh", grant: Grant, expiresAt: number): string {
    const secret = newSecret(kind === "code" ? "0.A" : "1.A");
    this.#db
      .prepare("INSERT INTO grants (hash, kind, grant, expiresAt) VALUES (?, ?, ?, ?)")
      .run(digest(secret), kind, JSON.stringify(grant), expiresAt);
    return secret;
  }

  grant(kind: "code" | "refresh", secret: string): z.infer<typeof GrantRow> | undefined {
    const row = this.#db
      .prepare("SELECT grant, expiresAt, redeemed FROM grants WHERE hash = ? AND kind = ?")
      .get(digest(secret), kind);
    return row && GrantRow.parse(row);
  }

  /** Once this returns, the code is used up, kill -9 or not. */
  redeem(code: string): void {
    this.#db.prepare("UPDATE grants SET redeemed = 1 WHERE hash = ?").run(digest(code));
  }

  /** The secret that the browser's cookie holds. */
  addSession({ id, userId, expiresAt }: Session): string {
    const secret = newSecret("");
    this.#db
      .prepare("INSERT INTO sessions (hash, id, userId, expiresAt) VALUES (?, ?, ?, ?)")
      .run(digest(secret), id, userId, expiresAt);
    return secret;
  }

  session(secret: string, now: number): Session | undefined {
    const row = this.#db
      .prepare("SELECT id, userId, expiresAt FROM sessions WHERE hash = ? AND expiresAt > ?")
      .get(digest(secret), now);
    return row && Session.parse(row);
  }

  endSession(secret: string): void {
    this.#db.prepare("DELETE FROM sessions WHERE hash = ?").run(digest(secret));
  }

  /** Forgets what ran out, at each start. */
  forgetExpired(now: number): void {
    this.#db.prepare("DELETE FROM grants WHERE expiresAt < ?").run(now - DAY_MS);
    this.#db.prepare("DELETE FROM sessions WHERE expiresAt < ?").run(now);
  }

  close(): void {
    this.#db.close();
  }
}

/** A code that ran out is told apart from one that never was, for this long. */
const DAY_MS = 86_400_000;

function newSecret(prefix: string): string {
  return `${prefix}${randomBytes(48).toString("base64url")}`;
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
