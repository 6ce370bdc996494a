import fs from "node:fs";
import path from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Clock } from "../../clock.ts";
import { Timestamps } from "./timestamps.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

  CREATE TABLE IF NOT EXISTS tables (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE UNIQUE);
  CREATE TABLE IF NOT EXISTS entities (
    table_id INTEGER NOT NULL, partition_key TEXT NOT NULL, row_key TEXT NOT NULL,
    timestamp TEXT NOT NULL, properties TEXT NOT NULL,
    PRIMARY KEY (table_id, partition_key, row_key)
  );

  CREATE TABLE IF NOT EXISTS containers (
    name TEXT PRIMARY KEY, etag TEXT NOT NULL, modified_ms INTEGER NOT NULL,
    metadata TEXT NOT NULL, lease TEXT
  );
  CREATE TABLE IF NOT EXISTS blobs (
    container TEXT NOT NULL, name TEXT NOT NULL, content INTEGER NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,
    etag TEXT NOT NULL, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
    properties TEXT NOT NULL, metadata TEXT NOT NULL, lease TEXT, tier TEXT, copy TEXT,
    PRIMARY KEY (container, name)
  );
  CREATE TABLE IF NOT EXISTS snapshots (
    container TEXT NOT NULL, name TEXT NOT NULL, snapshot TEXT NOT NULL, blob TEXT NOT NULL, content INTEGER NOT NULL,
    PRIMARY KEY (container, name, snapshot)
  );
  CREATE INDEX IF NOT EXISTS snapshots_by_content ON snapshots (content);
  CREATE TABLE IF NOT EXISTS pieces (
    content INTEGER NOT NULL, start INTEGER NOT NULL, block_id TEXT, size INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (content, start)
  );
  CREATE TABLE IF NOT EXISTS staged_blocks (
    container TEXT NOT NULL, name TEXT NOT NULL, block_id TEXT NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (container, name, block_id)
  );
`;

/** Columns that came later: files written before have the table without them. */
const LATER_COLUMNS = ["tier", "copy"];

interface PendingWrite {
  /** Does the work and answers how to tell the caller, once it is on disk. */
  run(): () => void;
  fail(error: unknown): void;
}

/**
 * One SQLite file whose writes are acknowledged only once they are on disk.
 *
 * Writes that arrive while the last commit was being synced share the next one: one sync for all of them, which is
 * what makes thousands of small writes a second possible. Reads see committed data only, since a whole group
 * runs and commits without giving up the thread.
 */
export class Database {
  readonly timestamps: Timestamps;
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #pending: PendingWrite[] = [];
  #commits = 0;
  #writes = 0;

  constructor(folder: string, clock: Clock) {
    fs.mkdirSync(folder, { recursive: true });
    this.#sqlite = new DatabaseSync(path.join(folder, "storage.db"));
    this.#sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;");
    this.#sqlite.exec(SCHEMA);
    this.#addLaterColumns();
    const last = this.sql("SELECT value FROM meta WHERE name = 'last-timestamp'").get();
    this.timestamps = new Timestamps(clock, last === undefined ? undefined : String(last.value));
  }

  /** The prepared statement for this text; prepared once. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#sqlite.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** Runs `work` with the other writes of this moment; resolves after the commit, rejects (undone) when it throws. */
  write<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = () => {
        const result = work();
        return () => resolve(result);
      };
      if (this.#pending.push({ run, fail: reject }) === 1) setImmediate(() => this.#commitPending());
    });
  }

  stats(): Record<string, number> {
    return { storageWrites: this.#writes, storageCommits: this.#commits };
  }

  /** Commits what was asked for, then closes the file. */
  close(): void {
    this.#commitPending();
    this.#statements.clear();
    this.#sqlite.close();
  }

  #addLaterColumns(): void {
    const present = this.#sqlite.prepare("SELECT name FROM pragma_table_info('blobs')").all();
    const names = new Set(present.map((column) => column.name));
    for (const column of LATER_COLUMNS) {
      if (!names.has(column)) this.#sqlite.exec(`ALTER TABLE blobs ADD COLUMN ${column} TEXT`);
    }
  }

  #commitPending(): void {
    const group = this.#pending;
    this.#pending = [];
    if (group.length === 0) return;
    try {
      this.sql("BEGIN IMMEDIATE").run();
      const settle = group.map((write) => this.#runUndoable(write));
      this.sql("INSERT OR REPLACE INTO meta (name, value) VALUES ('last-timestamp', ?)").run(
        this.timestamps.last,
      );
      this.sql("COMMIT").run();
      this.#commits += 1;
      this.#writes += group.length;
      for (const tell of settle) tell();
    } catch (error) {
      if (this.#sqlite.isOpen && this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
      for (const write of group) write.fail(error);
    }
  }

  /** A refused write leaves nothing behind and does not disturb the others of its group. */
  #runUndoable(write: PendingWrite): () => void {
    this.sql("SAVEPOINT one_write").run();
    try {
      const tell = write.run();
      this.sql("RELEASE one_write").run();
      return tell;
    } catch (error) {
      this.sql("ROLLBACK TO one_write").run();
      this.sql("RELEASE one_write").run();
      return () => write.fail(error);
    }
  }
}
