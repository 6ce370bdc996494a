import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import type { Clock } from "../../clock.ts";
import type { ScoredRequest } from "../service.ts";
import type { MeteredResource } from "./catalogue.ts";
import type { Timespan } from "./timespan.ts";

/** Losing this much at a crash is allowed; a commit per request would slow scoring down. */
const FLUSH_AFTER_MS = 500;
/** Azure keeps platform metrics this long. */
const KEPT_DAYS = 93;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS requests (
    endpoint TEXT NOT NULL, at INTEGER NOT NULL, deployment TEXT NOT NULL, statusCode INTEGER NOT NULL,
    modelStatusCode INTEGER, durationMs REAL NOT NULL, endpointId TEXT, log TEXT) STRICT;
  CREATE INDEX IF NOT EXISTS requestsByTime ON requests (endpoint, at);
  CREATE INDEX IF NOT EXISTS requestsByTimeAlone ON requests (at);
`;
/** Columns that files of earlier versions lack. */
const ADDED_COLUMNS = ["endpointId", "log"];

/** The requests that metrics are computed from, in one SQLite file, written in batches. */
export class RequestStore {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  #pending: ScoredRequest[] = [];
  #cancelFlush: (() => void) | undefined;

  constructor(file: string, clock: Clock) {
    this.#clock = clock;
    this.#db = new DatabaseSync(file);
    this.#db.exec(SCHEMA);
    const columns = this.#db.prepare("SELECT name FROM pragma_table_info('requests')").all();
    for (const name of ADDED_COLUMNS) {
      if (columns.some((column) => column.name === name)) continue;
      this.#db.exec(`ALTER TABLE requests ADD COLUMN ${name} TEXT`);
    }
    this.#db.prepare("DELETE FROM requests WHERE at < ?").run(clock.now() - KEPT_DAYS * 86_400_000);
  }

  add(request: ScoredRequest): void {
    this.#pending.push(request);
    this.#cancelFlush ??= this.#clock.after(FLUSH_AFTER_MS, () => this.flush());
  }

  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#pending.length === 0) return;
    const insert = this.#db.prepare(
      `INSERT INTO requests (endpoint, at, deployment, statusCode, modelStatusCode, durationMs, endpointId, log)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#db.exec("BEGIN IMMEDIATE");
    for (const { endpointId, at, deployment, statusCode, modelStatusCode, durationMs, log } of this
      .#pending) {
      insert.run(
        endpointId.toLowerCase(),
        Math.floor(at),
        deployment,
        statusCode,
        modelStatusCode ?? null,
        durationMs,
        endpointId,
        log ? JSON.stringify(log) : null,
      );
    }
    this.#db.exec("COMMIT");
    this.#pending = [];
  }

  /** Requests of one endpoint with `start <= at < end`; ids are compared without regard to case. */
  *between(endpointId: string, start: number, end: number, hasLog = false): Generator<ScoredRequest> {
    this.flush();
    const select = this.#db.prepare(
      `SELECT endpoint, at, deployment, statusCode, modelStatusCode, durationMs${hasLog ? ", log" : ""} FROM requests
        WHERE endpoint = ? AND at >= ? AND at < ?`,
    );
    for (const row of select.iterate(endpointId.toLowerCase(), start, end)) yield toRequest(row);
  }

  /** Requests of all endpoints with `start <= at <= end`, with what the traffic log tells of them, in order of time. */
  *logged(start: number, end: number): Generator<ScoredRequest> {
    this.flush();
    const select = this.#db.prepare("SELECT * FROM requests WHERE at >= ? AND at <= ? ORDER BY at");
    for (const row of select.iterate(start, end)) yield toRequest(row);
  }

  /**
   * Requests that count for an endpoint, or for one deployment of it, within a time.
   *
   * @param hasLog - whether with what the traffic log tells of them, which takes longer
   */
  *of(
    { endpointId, deployment }: MeteredResource,
    { start, end }: Timespan,
    hasLog = false,
  ): Generator<ScoredRequest> {
    if (endpointId === undefined) return;
    const wanted = deployment?.toLowerCase();
    for (const request of this.between(endpointId, start, end, hasLog)) {
      if (wanted === undefined || request.deployment.toLowerCase() === wanted) yield request;
    }
  }

  /** Number of the newest request: numbers only grow. */
  lastNumber(): number {
    this.flush();
    return Number(this.#db.prepare("SELECT ifnull(max(rowid), 0) AS n FROM requests").get()?.n ?? 0);
  }

  /** Requests of an endpoint that came after a number, and the number up to which all have been looked at. */
  after(
    endpointId: string,
    number: number,
    limit: number,
  ): { requests: ScoredRequest[]; lastNumber: number } {
    const newest = this.lastNumber();
    // The plus keeps SQLite to the rows after the number, instead of all that the endpoint ever had.
    const rows = this.#db
      .prepare(
        "SELECT rowid AS number, * FROM requests WHERE rowid > ? AND +endpoint = ? ORDER BY rowid LIMIT ?",
      )
      .all(number, endpointId.toLowerCase(), limit);
    const last = rows.length < limit ? newest : Number(rows.at(-1)?.number ?? newest);
    return { requests: rows.map(toRequest), lastNumber: last };
  }

  /** Every endpoint and deployment that has had a request, ids as they were recorded. */
  served(): { endpointId: string; deployment: string }[] {
    this.flush();
    const sql =
      "SELECT max(ifnull(endpointId, endpoint)) AS id, deployment FROM requests GROUP BY endpoint, deployment";
    const rows = this.#db.prepare(sql).all();
    return rows.map((row) => ({ endpointId: String(row.id), deployment: String(row.deployment) }));
  }

  count(): number {
    const row = this.#db.prepare("SELECT count(*) AS n FROM requests").get();
    return Number(row?.n ?? 0) + this.#pending.length;
  }

  close(): void {
    this.flush();
    this.#db.close();
  }
}

/** By hand: hundreds of thousands of rows per query, all written by `flush`. */
function toRequest(row: Record<string, SQLOutputValue>): ScoredRequest {
  return {
    endpointId: String(row.endpointId ?? row.endpoint),
    at: Number(row.at),
    deployment: String(row.deployment),
    statusCode: Number(row.statusCode),
    durationMs: Number(row.durationMs),
    ...(row.modelStatusCode === null ? {} : { modelStatusCode: Number(row.modelStatusCode) }),
    ...(typeof row.log === "string" ? { log: JSON.parse(row.log) } : {}),
  };
}
