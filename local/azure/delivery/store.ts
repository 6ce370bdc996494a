import { randomBytes } from "node:crypto";
import path from "node:path";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { openSqliteFile, transact } from "../sqlite-file.ts";

/** Whose a document is. */
export type System = "github" | "devops";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS items (
    system TEXT NOT NULL, scope TEXT NOT NULL, number INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (system, scope, number)) STRICT;
  CREATE TABLE IF NOT EXISTS parts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL, kind TEXT NOT NULL, scope TEXT NOT NULL,
    document TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS partsByScope ON parts (system, kind, scope, id);
  CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** Work items of both systems, and what belongs to them: comments, labels, runs, hooks, deliveries. One SQLite file. */
export class DeliveryStore {
  readonly #db: DatabaseSync;
  #open = true;

  constructor(folder: string) {
    this.#db = openSqliteFile(path.join(folder, "delivery.sqlite"), SCHEMA);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  close(): void {
    if (this.#open) this.#db.close();
    this.#open = false;
  }

  /** All of the work or none of it; on disk when this returns. */
  transaction<T>(work: () => T): T {
    return transact(this.#db, work);
  }

  /** A new item gets the next number of its scope: 1, 2, 3 … */
  addItem<T>(system: System, scope: string, make: (number: number) => T): T {
    return this.transaction(() => {
      const row = this.#db
        .prepare("SELECT coalesce(max(number), 0) + 1 AS next FROM items WHERE system = ? AND scope = ?")
        .get(system, scope);
      const number = Number(row?.next);
      const item = make(number);
      this.#db
        .prepare("INSERT INTO items VALUES (?, ?, ?, ?)")
        .run(system, scope, number, JSON.stringify(item));
      return item;
    });
  }

  setItem(system: System, scope: string, number: number, item: unknown): void {
    this.#db
      .prepare("UPDATE items SET document = ? WHERE system = ? AND scope = ? AND number = ?")
      .run(JSON.stringify(item), system, scope, number);
  }

  item<T>(system: System, scope: string, number: number): T | undefined {
    const row = this.#db
      .prepare("SELECT document FROM items WHERE system = ? AND scope = ? AND number = ?")
      .get(system, scope, number);
    return row && documentOf<T>(row);
  }

  /** Oldest first. */
  items<T>(system: System, scope: string): T[] {
    return this.#db
      .prepare("SELECT document FROM items WHERE system = ? AND scope = ? ORDER BY number")
      .all(system, scope)
      .map((row) => documentOf<T>(row));
  }

  /** A new part gets an id that no other has. */
  addPart<T>(system: System, kind: string, scope: string, make: (id: number) => T): T {
    return this.transaction(() => {
      const { lastInsertRowid } = this.#db
        .prepare("INSERT INTO parts (system, kind, scope, document) VALUES (?, ?, ?, 'null')")
        .run(system, kind, scope);
      const id = Number(lastInsertRowid);
      const part = make(id);
      this.#db.prepare("UPDATE parts SET document = ? WHERE id = ?").run(JSON.stringify(part), id);
      return part;
    });
  }

  setPart(id: number, part: unknown): void {
    this.#db.prepare("UPDATE parts SET document = ? WHERE id = ?").run(JSON.stringify(part), id);
  }

  deletePart(id: number): void {
    this.#db.prepare("DELETE FROM parts WHERE id = ?").run(id);
  }

  part<T>(system: System, kind: string, scope: string, id: number): T | undefined {
    const row = this.#db
      .prepare("SELECT document FROM parts WHERE id = ? AND system = ? AND kind = ? AND scope = ?")
      .get(id, system, kind, scope);
    return row && documentOf<T>(row);
  }

  /** Oldest first. */
  parts<T>(system: System, kind: string, scope: string): T[] {
    return this.#db
      .prepare("SELECT document FROM parts WHERE system = ? AND kind = ? AND scope = ? ORDER BY id")
      .all(system, kind, scope)
      .map((row) => documentOf<T>(row));
  }

  /** A secret, made at the first call and then kept. */
  secret(name: string): string {
    this.#db
      .prepare("INSERT INTO secrets VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
      .run(name, randomBytes(24).toString("hex"));
    return String(this.#db.prepare("SELECT value FROM secrets WHERE name = ?").get(name)?.value);
  }
}

function documentOf<T>(row: Record<string, SQLOutputValue>): T {
  return JSON.parse(String(row.document));
}
