/**
 * All durable state in one SQLite file. Changes are collected and written in one transaction per turn of the event
 * loop; what depends on them having reached the disk waits for `committed`.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isDamagedDatabase } from "../errors.ts";
import type { HistoryEvent } from "./history.ts";
import {
  type InstanceFilter,
  type InstanceRow,
  listInstances,
  readInstance,
  toColumns,
} from "./instance-rows.ts";
import type { Message } from "./messages.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS instances (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, execution_id TEXT NOT NULL, status INTEGER NOT NULL,
  input TEXT, output TEXT, custom_status TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, parent TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
  instance_id TEXT NOT NULL, episode INTEGER NOT NULL, events TEXT NOT NULL, PRIMARY KEY (instance_id, episode)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
`;

/** Every commit is on the disk before it is acknowledged; few checkpoints and a cache of 64 MB keep that cheap. */
const SETTINGS = `
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 8000;
PRAGMA cache_size = -65536;
`;

interface HistoryChange {
  readonly isCleared: boolean;
  readonly episodes: Map<number, string>;
}

export class Store {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  #instances = new Map<string, InstanceRow | null>();
  #histories = new Map<string, HistoryChange>();
  #added = new Map<number, Message>();
  #removed = new Set<number>();
  #waiters: PromiseWithResolvers<void>[] = [];
  #isScheduled = false;

  /** @throws when another process holds the file: one engine writes it at a time */
  constructor(file: string) {
    this.#database = openDatabase(file);
    this.#statements = prepare(this.#database);
  }

  putInstance(row: InstanceRow): void {
    this.#instances.set(row.id, row);
    this.#schedule();
  }

  appendHistory(id: string, episode: number, events: string): void {
    const change = this.#histories.get(id) ?? { isCleared: false, episodes: new Map() };
    change.episodes.set(episode, events);
    this.#histories.set(id, change);
    this.#schedule();
  }

  clearHistory(id: string): void {
    this.#histories.set(id, { isCleared: true, episodes: new Map() });
    this.#schedule();
  }

  deleteInstance(id: string): void {
    this.#instances.set(id, null);
    this.clearHistory(id);
  }

  addMessage(message: Message): void {
    this.#added.set(message.id, message);
    this.#schedule();
  }

  /** A message that was never written leaves no trace at all. */
  removeMessage(id: number): void {
    if (this.#added.delete(id)) return;
    this.#removed.add(id);
    this.#schedule();
  }

  /** Settles once everything asked for so far is on the disk. */
  committed(): Promise<void> {
    if (!this.#isScheduled) return Promise.resolve();
    const waiter = Promise.withResolvers<void>();
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  instance(id: string): InstanceRow | undefined {
    const collected = this.#instances.get(id);
    if (collected !== undefined) return collected ?? undefined;
    return readInstance(this.#statements.selectInstance.get(id));
  }

  /** The events of the current execution, oldest first, and how many episodes wrote them. */
  history(id: string): { readonly events: HistoryEvent[]; readonly episodes: number } {
    if (this.#histories.has(id)) this.flush();
    const rows = this.#statements.selectHistory.all(id);
    const events = rows.flatMap((row): HistoryEvent[] => JSON.parse(String(row.events)));
    return { events, episodes: Number(rows.at(-1)?.episode ?? -1) + 1 };
  }

  list(filter: InstanceFilter): InstanceRow[] {
    this.flush();
    return listInstances(this.#database, filter);
  }

  messages(): Message[] {
    this.flush();
    return this.#statements.selectMessages.all().map((row): Message => JSON.parse(String(row.body)));
  }

  /** Writes all collected changes now, in one transaction. */
  flush(): void {
    if (!this.#isScheduled) return;
    this.#isScheduled = false;
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      this.#write();
    } catch (error) {
      // what was collected stays collected: the next turn tries again
      for (const waiter of waiters) waiter.reject(error);
      this.#schedule(1000);
      return;
    }
    for (const waiter of waiters) waiter.resolve();
  }

  close(): void {
    this.flush();
    this.#database.close();
  }

  #schedule(delayMs = 0): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (delayMs > 0) setTimeout(() => this.flush(), delayMs).unref();
    else setImmediate(() => this.flush());
  }

  #write(): void {
    const { insertInstance, deleteInstance, insertEpisode, deleteHistory, insertMessage, deleteMessage } =
      this.#statements;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const [id, change] of this.#histories) {
        if (change.isCleared) deleteHistory.run(id);
        for (const [episode, events] of change.episodes) insertEpisode.run(id, episode, events);
      }
      for (const [id, row] of this.#instances) {
        if (row) insertInstance.run(...toColumns(row));
        else deleteInstance.run(id);
      }
      for (const id of this.#removed) deleteMessage.run(id);
      for (const message of this.#added.values()) insertMessage.run(message.id, JSON.stringify(message));
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    this.#instances = new Map();
    this.#histories = new Map();
    this.#added = new Map();
    this.#removed = new Set();
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec(SETTINGS);
    database.exec(SCHEMA);
    // takes the file's lock for good: nobody else can run the same instances meanwhile
    database.exec("BEGIN IMMEDIATE; COMMIT;");
    return database;
  } catch (error) {
    database.close();
    if (isDamagedDatabase(error)) throw error;
    throw new Error(
      `The durable store '${file}' cannot be opened. Another host may hold it: stop that host first.`,
      {
        cause: error,
      },
    );
  }
}

function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  return {
    insertInstance: sql("INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    deleteInstance: sql("DELETE FROM instances WHERE id = ?"),
    selectInstance: sql("SELECT * FROM instances WHERE id = ?"),
    insertEpisode: sql("INSERT OR REPLACE INTO history VALUES (?, ?, ?)"),
    deleteHistory: sql("DELETE FROM history WHERE instance_id = ?"),
    selectHistory: sql("SELECT episode, events FROM history WHERE instance_id = ? ORDER BY episode"),
    insertMessage: sql("INSERT OR REPLACE INTO messages VALUES (?, ?)"),
    deleteMessage: sql("DELETE FROM messages WHERE id = ?"),
    selectMessages: sql("SELECT body FROM messages ORDER BY id"),
  };
}
