/** The broker's file: one SQLite database, written in group commits, so that an answer implies the write survives. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Log } from "./log.ts";

export interface MessageRow {
  readonly entity: string;
  readonly seq: number;
  readonly enqueueSeq: number;
  readonly raw: Uint8Array;
  readonly messageId: string;
  readonly sessionId: string | null;
  readonly enqueuedAt: number;
  readonly expiresAt: number | null;
  readonly scheduledFor: number | null;
  readonly deliveryCount: number;
  readonly deferred: number;
  readonly locked: number;
  readonly deadLetterSource: string | null;
}

export interface EventRow {
  readonly hub: string;
  readonly partition: number;
  readonly seq: number;
  readonly enqueuedAt: number;
  readonly partitionKey: string | null;
  readonly raw: Uint8Array;
}

/** JSON. */
export interface RulesRow {
  readonly configured: string;
  readonly rules: string;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  entity TEXT NOT NULL, seq INTEGER NOT NULL, enqueueSeq INTEGER NOT NULL, raw BLOB NOT NULL,
  messageId TEXT NOT NULL, sessionId TEXT, enqueuedAt INTEGER NOT NULL, expiresAt INTEGER, scheduledFor INTEGER,
  deliveryCount INTEGER NOT NULL, deferred INTEGER NOT NULL, locked INTEGER NOT NULL, deadLetterSource TEXT,
  PRIMARY KEY (entity, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequences (entity TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sessionStates (
  entity TEXT NOT NULL, sessionId TEXT NOT NULL, state BLOB NOT NULL, PRIMARY KEY (entity, sessionId));
CREATE TABLE IF NOT EXISTS rules (entity TEXT PRIMARY KEY, configured TEXT NOT NULL, rules TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messageIds (
  entity TEXT NOT NULL, messageId TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (entity, messageId));
CREATE TABLE IF NOT EXISTS events (
  hub TEXT NOT NULL, partition INTEGER NOT NULL, seq INTEGER NOT NULL, enqueuedAt INTEGER NOT NULL,
  partitionKey TEXT, raw BLOB NOT NULL, PRIMARY KEY (hub, partition, seq)) WITHOUT ROWID;
`;

const COLUMNS =
  "entity, seq, enqueueSeq, raw, messageId, sessionId, enqueuedAt, expiresAt, scheduledFor, deliveryCount, deferred, locked, deadLetterSource";

/** Called once the writes before it are on disk, or with the error that kept them from it. */
export type AfterCommit = (error?: Error) => void;

export class Store {
  readonly #db: DatabaseSync;
  readonly #log: Log;
  readonly #statements = new Map<string, StatementSync>();
  #writes: (() => void)[] = [];
  #after: AfterCommit[] = [];
  #scheduled = false;
  readonly #sequences = new Map<string, number>();
  #commits = 0;

  constructor(file: string, log: Log = () => {}) {
    this.#log = log;
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    this.#db.exec(SCHEMA);
    // Locks do not outlive the process. What was locked has been delivered once more than it was settled.
    this.#db.exec("UPDATE messages SET deliveryCount = deliveryCount + 1, locked = 0 WHERE locked = 1");
  }

  get commits(): number {
    return this.#commits;
  }

  close(): void {
    this.flush();
    this.#db.close();
  }

  putMessage(row: MessageRow): void {
    const sql = `INSERT OR REPLACE INTO messages (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#write(sql, [
      row.entity,
      row.seq,
      row.enqueueSeq,
      row.raw,
      row.messageId,
      row.sessionId,
      row.enqueuedAt,
      row.expiresAt,
      row.scheduledFor,
      row.deliveryCount,
      row.deferred,
      row.locked,
      row.deadLetterSource,
    ]);
  }

  markLocked(entity: string, seq: number, isLocked: boolean): void {
    this.#write("UPDATE messages SET locked = ? WHERE entity = ? AND seq = ?", [
      isLocked ? 1 : 0,
      entity,
      seq,
    ]);
  }

  deleteMessage(entity: string, seq: number): void {
    this.#write("DELETE FROM messages WHERE entity = ? AND seq = ?", [entity, seq]);
  }

  /** The last sequence number given out; written once per commit. */
  setSequence(entity: string, seq: number): void {
    this.#sequences.set(entity, seq);
    this.#schedule();
  }

  setSessionState(entity: string, sessionId: string, state: Uint8Array | null): void {
    if (state === null) {
      this.#write("DELETE FROM sessionStates WHERE entity = ? AND sessionId = ?", [entity, sessionId]);
    } else {
      this.#write("INSERT OR REPLACE INTO sessionStates VALUES (?, ?, ?)", [entity, sessionId, state]);
    }
  }

  /** The rules of a subscription that clients have changed, beside those of the configuration they changed. */
  setRules(entity: string, { configured, rules }: RulesRow): void {
    this.#write("INSERT OR REPLACE INTO rules VALUES (?, ?, ?)", [entity, configured, rules]);
  }

  rulesOf(entity: string): RulesRow | undefined {
    const row = this.#prepare("SELECT configured, rules FROM rules WHERE entity = ?").get(entity);
    return row && { configured: String(row.configured), rules: String(row.rules) };
  }

  rememberMessageId(entity: string, messageId: string, at: number): void {
    this.#write("INSERT OR REPLACE INTO messageIds VALUES (?, ?, ?)", [entity, messageId, at]);
  }

  forgetMessageId(entity: string, messageId: string): void {
    this.#write("DELETE FROM messageIds WHERE entity = ? AND messageId = ?", [entity, messageId]);
  }

  appendEvent(row: EventRow): void {
    this.#write("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", [
      row.hub,
      row.partition,
      row.seq,
      row.enqueuedAt,
      row.partitionKey,
      row.raw,
    ]);
  }

  /** Runs `task` after the commit that holds every write asked for so far. */
  afterCommit(task: AfterCommit): void {
    this.#after.push(task);
    this.#schedule();
  }

  messagesOf(entity: string): MessageRow[] {
    const rows = this.#prepare(`SELECT ${COLUMNS} FROM messages WHERE entity = ? ORDER BY seq`).all(entity);
    return rows.map((row) => ({
      entity,
      seq: Number(row.seq),
      enqueueSeq: Number(row.enqueueSeq),
      raw: bytes(row.raw),
      messageId: String(row.messageId),
      sessionId: textOrNull(row.sessionId),
      enqueuedAt: Number(row.enqueuedAt),
      expiresAt: numberOrNull(row.expiresAt),
      scheduledFor: numberOrNull(row.scheduledFor),
      deliveryCount: Number(row.deliveryCount),
      deferred: Number(row.deferred),
      locked: Number(row.locked),
      deadLetterSource: textOrNull(row.deadLetterSource),
    }));
  }

  sequenceOf(entity: string): number {
    return Number(this.#prepare("SELECT seq FROM sequences WHERE entity = ?").get(entity)?.seq ?? 0);
  }

  sessionStatesOf(entity: string): Map<string, Uint8Array> {
    const rows = this.#prepare("SELECT sessionId, state FROM sessionStates WHERE entity = ?").all(entity);
    return new Map(rows.map((row) => [String(row.sessionId), bytes(row.state)]));
  }

  messageIdsOf(entity: string): Map<string, number> {
    const rows = this.#prepare("SELECT messageId, at FROM messageIds WHERE entity = ? ORDER BY at").all(
      entity,
    );
    return new Map(rows.map((row) => [String(row.messageId), Number(row.at)]));
  }

  /** Sequence number and time of a partition's last event; `undefined` when it holds none. */
  lastEvent(hub: string, partition: number): { seq: number; enqueuedAt: number } | undefined {
    const sql =
      "SELECT seq, enqueuedAt FROM events WHERE hub = ? AND partition = ? ORDER BY seq DESC LIMIT 1";
    const row = this.#prepare(sql).get(hub, partition);
    return row && { seq: Number(row.seq), enqueuedAt: Number(row.enqueuedAt) };
  }

  /** The first sequence number at or after a time (ms since the epoch, exclusive as in the clients' filter). */
  firstEventAfter(hub: string, partition: number, time: number): number | undefined {
    const sql = "SELECT min(seq) AS seq FROM events WHERE hub = ? AND partition = ? AND enqueuedAt > ?";
    return numberOrNull(this.#prepare(sql).get(hub, partition, time)?.seq) ?? undefined;
  }

  /** Events of a partition from a sequence number on, oldest first. */
  readEvents(hub: string, partition: number, fromSeq: number, limit: number): EventRow[] {
    const sql =
      "SELECT seq, enqueuedAt, partitionKey, raw FROM events WHERE hub = ? AND partition = ? AND seq >= ? ORDER BY seq LIMIT ?";
    return this.#prepare(sql)
      .all(hub, partition, fromSeq, limit)
      .map((row) => ({
        hub,
        partition,
        seq: Number(row.seq),
        enqueuedAt: Number(row.enqueuedAt),
        partitionKey: textOrNull(row.partitionKey),
        raw: bytes(row.raw),
      }));
  }

  /** Commits what is pending now. */
  flush(): void {
    this.#scheduled = false;
    const writes = this.#writes;
    const after = this.#after;
    this.#writes = [];
    this.#after = [];
    let failure: Error | undefined;
    if (writes.length > 0 || this.#sequences.size > 0) failure = this.#commit(writes);
    for (const task of after) task(failure);
  }

  #commit(writes: readonly (() => void)[]): Error | undefined {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const write of writes) write();
      const sequence = this.#prepare("INSERT OR REPLACE INTO sequences VALUES (?, ?)");
      for (const [entity, seq] of this.#sequences) sequence.run(entity, seq);
      this.#db.exec("COMMIT");
      this.#sequences.clear();
      this.#commits++;
      return undefined;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#log("error", `The broker's file could not be written: ${String(error)}`);
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #write(sql: string, values: (string | number | null | Uint8Array)[]): void {
    const statement = this.#prepare(sql);
    this.#writes.push(() => void statement.run(...values));
    this.#schedule();
  }

  /** One commit for all that arrives in the same turn of the event loop. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      if (this.#scheduled) this.flush();
    });
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function bytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
