import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { transact } from "../sqlite-file.ts";

const Row = z.object({
  id: z.number(),
  name: z.string(),
  container: z.string(),
  event: z.string().transform((text): unknown => JSON.parse(text)),
  buriedAt: z.number(),
  dueAt: z.number(),
});
/** A dead event on its way into its storage container. Times in ms since the epoch. */
export type Burial = z.infer<typeof Row>;

export const BURIALS_SCHEMA = `CREATE TABLE IF NOT EXISTS burials (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, container TEXT NOT NULL, event TEXT NOT NULL,
  buriedAt INTEGER NOT NULL, dueAt INTEGER NOT NULL) STRICT;`;

/** The dead events that wait to be written into a container. */
export class Burials {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  add({ name, container, event, buriedAt, dueAt }: Omit<Burial, "id">): void {
    this.#db
      .prepare("INSERT INTO burials (name, container, event, buriedAt, dueAt) VALUES (?, ?, ?, ?, ?)")
      .run(name, container, JSON.stringify(event), buriedAt, dueAt);
  }

  /** All that wait, the next due first. */
  all(): Burial[] {
    const rows = this.#db.prepare("SELECT * FROM burials ORDER BY dueAt, id").all();
    return rows.map((row) => Row.parse(row));
  }

  end(burials: readonly Burial[]): void {
    transact(this.#db, () => {
      for (const { id } of burials) this.#db.prepare("DELETE FROM burials WHERE id = ?").run(id);
    });
  }

  postpone(burials: readonly Burial[], dueAt: number): void {
    transact(this.#db, () => {
      for (const { id } of burials)
        this.#db.prepare("UPDATE burials SET dueAt = ? WHERE id = ?").run(dueAt, id);
    });
  }
}
