import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { openSqliteFile } from "../sqlite-file.ts";
import type { Rule } from "./rule.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, struck INTEGER NOT NULL DEFAULT 0) STRICT;
`;

const Row = z.object({
  id: z.number(),
  // Written by this file alone, from a rule that was read by its schema.
  rule: z.string().transform((text): Rule => JSON.parse(text)),
  seen: z.number(),
  struck: z.number(),
});

/** A rule, how many calls have fitted it since it was armed, and how many of them it struck. */
export type Fault = z.infer<typeof Row>;

/** Armed faults in one SQLite file: they and their counts survive a restart, kill -9 included. */
export class FaultStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(file, SCHEMA);
  }

  add(rule: Rule): Fault {
    const row = this.#db
      .prepare("INSERT INTO faults (rule) VALUES (?) RETURNING *")
      .get(JSON.stringify(rule));
    return Row.parse(row);
  }

  count({ id, seen, struck }: Fault): void {
    this.#db.prepare("UPDATE faults SET seen = ?, struck = ? WHERE id = ?").run(seen, struck, id);
  }

  all(): Fault[] {
    const rows = this.#db.prepare("SELECT * FROM faults ORDER BY id").all();
    return rows.map((row) => Row.parse(row));
  }

  remove(id: number): boolean {
    return this.#db.prepare("DELETE FROM faults WHERE id = ?").run(id).changes > 0;
  }

  clear(): number {
    return Number(this.#db.prepare("DELETE FROM faults").run().changes);
  }

  close(): void {
    this.#db.close();
  }
}
