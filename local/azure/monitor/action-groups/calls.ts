import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";

const CallRow = z.object({
  seq: z.number(),
  url: z.string(),
  body: z.string(),
  attempts: z.number(),
});
/** One alert on its way to one receiver. */
export type Call = z.infer<typeof CallRow>;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS calls (
    seq INTEGER PRIMARY KEY, url TEXT NOT NULL, body TEXT NOT NULL, attempts INTEGER NOT NULL, dueAt INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS silences (url TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS callCounts (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
`;

const COUNTED = ["alertsDelivered", "alertsLost"] as const;

/** The outbox of action groups: what is in it is called after a restart too. */
export class Calls {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(SCHEMA);
  }

  add(url: string, body: string, now: number): void {
    this.#db
      .prepare("INSERT INTO calls (url, body, attempts, dueAt) VALUES (?, ?, 0, ?)")
      .run(url, body, now);
  }

  due(now: number, limit: number): Call[] {
    const sql = "SELECT * FROM calls WHERE dueAt <= ? ORDER BY dueAt, seq LIMIT ?";
    return this.#db
      .prepare(sql)
      .all(now, limit)
      .map((row) => CallRow.parse(row));
  }

  nextDueAt(now: number): number | undefined {
    const row = this.#db.prepare("SELECT min(dueAt) AS dueAt FROM calls WHERE dueAt > ?").get(now);
    return z.object({ dueAt: z.number().nullable() }).parse(row).dueAt ?? undefined;
  }

  postpone({ seq }: Call, dueAt: number): void {
    this.#db.prepare("UPDATE calls SET attempts = attempts + 1, dueAt = ? WHERE seq = ?").run(dueAt, seq);
  }

  /** It arrived, or it never will. */
  settle({ seq }: Call, outcome: (typeof COUNTED)[number]): void {
    if (this.#db.prepare("DELETE FROM calls WHERE seq = ?").run(seq).changes === 0) return;
    this.#db
      .prepare("INSERT INTO callCounts VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1")
      .run(outcome);
  }

  silence(url: string, until: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO silences VALUES (?, ?)").run(url, until);
  }

  isSilenced(url: string, now: number): boolean {
    const row = this.#db.prepare("SELECT 1 FROM silences WHERE url = ? AND until > ?").get(url, now);
    return row !== undefined;
  }

  counts(): Record<string, number> {
    const rows = this.#db
      .prepare("SELECT * FROM callCounts")
      .all()
      .map((row) => z.object({ name: z.string(), n: z.number() }).parse(row));
    return Object.fromEntries(COUNTED.map((name) => [name, rows.find((row) => row.name === name)?.n ?? 0]));
  }
}
