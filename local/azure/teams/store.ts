import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { openSqliteFile, transact } from "../sqlite-file.ts";
import { titleOf } from "./title.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS cards (
    id INTEGER PRIMARY KEY, runId TEXT NOT NULL, receivedAt TEXT NOT NULL, title TEXT NOT NULL,
    card TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS workflows (id TEXT PRIMARY KEY, signature TEXT NOT NULL) STRICT;
`;

const Row = z.object({
  id: z.number(),
  runId: z.string(),
  receivedAt: z.string(),
  title: z.string(),
  card: z.string().transform((text): unknown => JSON.parse(text)),
});

/** One card as it arrived. `receivedAt` is ISO 8601; `runId` names the workflow's run that posted it. */
export type KeptCard = z.infer<typeof Row>;

/** The cards that arrived, in one SQLite file. */
export class CardStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(file, SCHEMA);
  }

  /** Once this returns, the cards survive kill -9: all of one message, or none. */
  add(cards: readonly Pick<KeptCard, "runId" | "receivedAt" | "card">[]): void {
    const insert = this.#db.prepare("INSERT INTO cards (runId, receivedAt, title, card) VALUES (?, ?, ?, ?)");
    transact(this.#db, () => {
      for (const { runId, receivedAt, card } of cards) {
        insert.run(runId, receivedAt, titleOf(card), JSON.stringify(card));
      }
    });
  }

  card(id: number): KeptCard | undefined {
    const row = this.#db.prepare("SELECT * FROM cards WHERE id = ?").get(id);
    return row && Row.parse(row);
  }

  /** Newest first. */
  cards(limit: number): KeptCard[] {
    return this.#db
      .prepare("SELECT * FROM cards ORDER BY id DESC LIMIT ?")
      .all(limit)
      .map((row) => Row.parse(row));
  }

  count(): number {
    return Number(this.#db.prepare("SELECT count(*) AS n FROM cards").get()?.n ?? 0);
  }

  /** The `sig` of a workflow's address: made once, and kept. */
  signature(workflowId: string): string {
    this.#db
      .prepare("INSERT INTO workflows (id, signature) VALUES (?, ?) ON CONFLICT (id) DO NOTHING")
      .run(workflowId, randomBytes(32).toString("base64url"));
    return String(
      this.#db.prepare("SELECT signature FROM workflows WHERE id = ?").get(workflowId)?.signature,
    );
  }

  close(): void {
    this.#db.close();
  }
}
