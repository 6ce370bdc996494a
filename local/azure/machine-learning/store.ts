import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { EventOfChange, RaisedEvent, RaiseEvent, ResourceDocument } from "../service.ts";
import type { Log } from "./context.ts";
import type { Resource } from "./resource.ts";

/** A stored resource. `P` is what its kind keeps under `properties`, `H` what it keeps to itself (keys, work in hand). */
export interface Row<P = Record<string, unknown>, H = Record<string, unknown>> {
  /** Resource id in lower case: names are compared without regard to case. */
  readonly key: string;
  /** Lower-case key of the collection it is listed in, e.g. `…/workspaces/w/models`. */
  readonly collection: string;
  /** Order of creation, over all resources. */
  readonly seq: number;
  readonly resource: Resource<P>;
  readonly hidden: H;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS resources (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, collection TEXT NOT NULL,
  resource TEXT NOT NULL, hidden TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resourcesByCollection ON resources (collection, seq);
CREATE INDEX IF NOT EXISTS jobsByCompute ON resources (
  collection, resource ->> '$.properties.status', lower(resource ->> '$.properties.computeId'))
  WHERE resource ->> '$.properties.computeId' IS NOT NULL;
CREATE TABLE IF NOT EXISTS operations (id TEXT PRIMARY KEY, document TEXT NOT NULL, running INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS metrics (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, key TEXT NOT NULL, value REAL NOT NULL,
  timestamp INTEGER NOT NULL, step INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS metricsByRun ON metrics (run, key);
CREATE TABLE IF NOT EXISTS params (run TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, key));
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS usages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL, sku TEXT NOT NULL, instances INTEGER NOT NULL,
  began INTEGER NOT NULL, ended INTEGER);
CREATE INDEX IF NOT EXISTS usagesByBegin ON usages (began);
CREATE INDEX IF NOT EXISTS usagesUnderWay ON usages (resource COLLATE NOCASE) WHERE ended IS NULL;
CREATE TABLE IF NOT EXISTS measurements (
  resource TEXT NOT NULL, metric TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, value REAL, dimensions TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS measurementsByTime ON measurements (resource, metric, at);
CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL);
`;

/**
 * The workspace's file. An event is written with the change it tells of and raised after the commit; one that a crash
 * kept from being raised is raised at the next start, so an event may come twice but is never lost.
 */
export class Store {
  readonly #db: DatabaseSync;
  readonly #raise: RaiseEvent;
  readonly #log: Log;
  #eventOfChange: EventOfChange = () => undefined;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #isRaising = false;
  #open = true;

  constructor(folder: string, raise: RaiseEvent, log: Log) {
    mkdirSync(folder, { recursive: true });
    this.#db = new DatabaseSync(join(folder, "machine-learning.sqlite"));
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    this.#db.exec(SCHEMA);
    this.#raise = raise;
    this.#log = log;
  }

  /** From now on events tell of changed resources; those that were there to begin with, nobody has made. */
  tellOfChanges(eventOfChange: EventOfChange): void {
    this.#eventOfChange = eventOfChange;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  close(): void {
    if (this.#open) this.#db.close();
    this.#open = false;
  }

  /** All of the work or none of it; on disk when this returns, and its events raised. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#db.exec("BEGIN IMMEDIATE");
    this.#depth += 1;
    let result: T;
    try {
      result = work();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    } finally {
      this.#depth -= 1;
    }
    this.raisePending();
    return result;
  }

  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  get<P, H = Record<string, unknown>>(id: string): Row<P, H> | undefined {
    const row = this.sql("SELECT * FROM resources WHERE key = ?").get(id.toLowerCase());
    return row && toRow<P, H>(row);
  }

  /** Resources of a collection, oldest first. */
  list<P, H = Record<string, unknown>>(collection: string): Row<P, H>[] {
    const rows = this.sql("SELECT * FROM resources WHERE collection = ? ORDER BY seq").all(
      collection.toLowerCase(),
    );
    return rows.map((row) => toRow<P, H>(row));
  }

  /** The names of the resources of a collection, oldest first. */
  names(collection: string): string[] {
    const rows = this.sql(
      "SELECT resource ->> '$.name' AS name FROM resources WHERE collection = ? ORDER BY seq",
    ).all(collection.toLowerCase());
    return rows.map(({ name }) => String(name));
  }

  /** Every resource below another, however deep, oldest first. */
  below<P>(id: string): Row<P>[] {
    const prefix = `${id.toLowerCase()}/`;
    const rows = this.sql("SELECT * FROM resources WHERE key >= ? AND key < ? ORDER BY seq").all(
      prefix,
      `${prefix}\u{10ffff}`,
    );
    return rows.map((row) => toRow<P, Record<string, unknown>>(row));
  }

  /** Writes a resource under its own id; a new one becomes the newest of its collection. */
  put<P extends object>(resource: Resource<P>, hidden: object = {}): void {
    const key = resource.id.toLowerCase();
    const collection = key.slice(0, key.lastIndexOf("/"));
    this.transaction(() => {
      this.#tellOfChange(this.get<ResourceDocument["properties"]>(key)?.resource, resource);
      this.sql(
        "INSERT INTO resources (key, collection, resource, hidden) VALUES (?, ?, ?, ?) " +
          "ON CONFLICT (key) DO UPDATE SET resource = excluded.resource, hidden = excluded.hidden",
      ).run(key, collection, JSON.stringify(resource), JSON.stringify(hidden));
    });
  }

  delete(id: string): void {
    this.transaction(() => {
      this.#tellOfChange(this.get<ResourceDocument["properties"]>(id)?.resource, undefined);
      this.sql("DELETE FROM resources WHERE key = ?").run(id.toLowerCase());
    });
  }

  #tellOfChange(before: ResourceDocument | undefined, after: ResourceDocument | undefined): void {
    const event = this.#eventOfChange(before, after);
    if (event) this.raiseLater(event);
  }

  count(name: string): void {
    this.transaction(() =>
      this.sql(
        "INSERT INTO counts (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
      ).run(name),
    );
  }

  counts(): Record<string, number> {
    const rows = this.sql("SELECT name, value FROM counts").all();
    return Object.fromEntries(rows.map(({ name, value }) => [String(name), Number(value)]));
  }

  raiseLater(event: RaisedEvent): void {
    this.transaction(() => this.sql("INSERT INTO outbox (event) VALUES (?)").run(JSON.stringify(event)));
  }

  /** Raises what is written and not raised yet, in order. What cannot be raised is tried again after the next write. */
  raisePending(): void {
    if (this.#isRaising) return;
    this.#isRaising = true;
    try {
      const next = this.sql("SELECT seq, event FROM outbox ORDER BY seq LIMIT 1");
      for (let row = next.get(); row; row = next.get()) {
        this.#raise(JSON.parse(String(row.event)));
        this.sql("DELETE FROM outbox WHERE seq = ?").run(row.seq ?? null);
      }
    } catch (error) {
      this.#log("error", `an event waits to be raised: ${String(error)}`);
    } finally {
      this.#isRaising = false;
    }
  }
}

function toRow<P, H>(row: Record<string, SQLOutputValue>): Row<P, H> {
  return {
    key: String(row.key),
    collection: String(row.collection),
    seq: Number(row.seq),
    resource: JSON.parse(String(row.resource)),
    hidden: JSON.parse(String(row.hidden)),
  };
}
