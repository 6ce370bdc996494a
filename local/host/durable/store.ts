/**
 * All durable state in one SQLite file. Changes are collected and written in one transaction per turn of the event
 * loop; what depends on them having reached the disk waits for `committed`.
 */
import type { DatabaseSync } from "node:sqlite";
import type { HistoryEvent } from "./history.ts";
import {
  type InstanceFilter,
  type InstanceRow,
  listInstances,
  readInstance,
  toColumns,
} from "./instance-rows.ts";
import type { Message } from "./messages.ts";
import { hasRoomToReturn, openDatabase, prepare, returnRoom } from "./store-file.ts";

interface HistoryChange {
  readonly isCleared: boolean;
  /** Each episode's events as a JSON array. */
  readonly episodes: string[];
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
  /** Set while the file is given back what purged instances took. */
  #isReturning = false;

  /** @throws when another process holds the file: one engine writes it at a time */
  constructor(file: string) {
    this.#database = openDatabase(file);
    this.#statements = prepare(this.#database);
  }

  putInstance(row: InstanceRow): void {
    this.#instances.set(row.id, row);
    this.#schedule();
  }

  /** @param events - those of one episode, as a JSON array */
  appendHistory(id: string, events: string): void {
    const change = this.#histories.get(id);
    if (change) change.episodes.push(events);
    else this.#histories.set(id, { isCleared: false, episodes: [events] });
    this.#schedule();
  }

  clearHistory(id: string): void {
    this.#histories.set(id, { isCleared: true, episodes: [] });
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

  /** The events of the current execution, oldest first. */
  history(id: string): HistoryEvent[] {
    if (this.#histories.has(id)) this.flush();
    return this.#statements.selectHistory
      .all(id)
      .flatMap((row): HistoryEvent[] => JSON.parse(String(row.events)));
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
    if (this.#isReturning) this.#returnRoom();
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

  #returnRoom(): void {
    this.#isReturning = false;
    // what cannot be given back now (the disk is full, say) is given back with a later purge
    try {
      this.#isReturning = returnRoom(this.#database);
    } catch {}
    if (this.#isReturning) this.#schedule();
  }

  #write(): void {
    const { putInstance, deleteInstance, insertEpisode, deleteHistory, insertMessage, deleteMessage } =
      this.#statements;
    let hasDeleted = false;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const row of this.#instances.values()) if (row) putInstance.run(...toColumns(row));
      for (const [id, change] of this.#histories) {
        if (change.isCleared) deleteHistory.run(id);
        for (const events of change.episodes) insertEpisode.run(events, id);
      }
      for (const [id, row] of this.#instances) {
        if (row) continue;
        deleteInstance.run(id);
        hasDeleted = true;
      }
      for (const id of this.#removed) deleteMessage.run(id);
      for (const message of this.#added.values()) insertMessage.run(message.id, JSON.stringify(message));
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    this.#isReturning ||= hasDeleted && hasRoomToReturn(this.#database);
    this.#instances = new Map();
    this.#histories = new Map();
    this.#added = new Map();
    this.#removed = new Set();
  }
}
