import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";

/** A resource as it is kept: `properties` and what else its kind has, already checked. */
export interface KeptResource {
  /** As its creator wrote it. */
  readonly id: string;
  readonly name: string;
  readonly document: Record<string, unknown>;
}

const Row = z.object({
  id: z.string(),
  document: z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
});

/** Resources of Resource Manager in a table of a SQLite file, found by id without regard to case. */
export class ArmResources {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`CREATE TABLE IF NOT EXISTS resources (
      key TEXT PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL) STRICT`);
  }

  get(id: string): KeptResource | undefined {
    const row = this.#db.prepare("SELECT id, document FROM resources WHERE key = ?").get(id.toLowerCase());
    return row && toResource(row);
  }

  put(kind: string, id: string, document: Record<string, unknown>): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?)")
      .run(id.toLowerCase(), kind, id, JSON.stringify(document));
  }

  delete(id: string): boolean {
    return this.#db.prepare("DELETE FROM resources WHERE key = ?").run(id.toLowerCase()).changes > 0;
  }

  /** Those of one kind whose id starts with `prefix`, by id. */
  list(kind: string, prefix = ""): KeptResource[] {
    const rows = this.#db.prepare("SELECT id, document FROM resources WHERE kind = ? ORDER BY key").all(kind);
    return rows.map(toResource).filter(({ id }) => id.toLowerCase().startsWith(prefix.toLowerCase()));
  }
}

function toResource(row: unknown): KeptResource {
  const { id, document } = Row.parse(row);
  return { id, name: id.split("/").at(-1) ?? "", document };
}
