import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../clock.ts";
import type { ScoredRequest } from "../service.ts";

/** Losing this much at a crash is allowed; a commit per request would slow scoring down. */
const FLUSH_AFTER_MS = 500;
/** Azure keeps platform metrics this long. */
const KEPT_DAYS = 93;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS requests (
    endpoint TEXT NOT NULL, at INTEGER NOT NULL, deployment TEXT NOT NULL, statusCode INTEGER NOT NULL,
    modelStatusCode INTEGER, durationMs REAL NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS requestsByTime ON requests (endpoint, at);
`;

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
    const insert = this.#db.prepare("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?)");
    this.#db.exec("BEGIN IMMEDIATE");
    for (const { endpointId, at, deployment, statusCode, modelStatusCode, durationMs } of this.#pending) {
      const endpoint = endpointId.toLowerCase();
      insert.run(endpoint, Math.floor(at), deployment, statusCode, modelStatusCode ?? null, durationMs);
    }
    this.#db.exec("COMMIT");
    this.#pending = [];
  }

  /** Requests of one endpoint with `start <= at < end`; ids are compared without regard to case. */
  *between(endpointId: string, start: number, end: number): Generator<ScoredRequest> {
    this.flush();
    const select = this.#db.prepare("SELECT * FROM requests WHERE endpoint = ? AND at >= ? AND at < ?");
    for (const row of select.iterate(endpointId.toLowerCase(), start, end)) {
      // By hand: hundreds of thousands of rows per query, all written by `flush`.
      yield {
        endpointId: String(row.endpoint),
        at: Number(row.at),
        deployment: String(row.deployment),
        statusCode: Number(row.statusCode),
        durationMs: Number(row.durationMs),
        ...(row.modelStatusCode === null ? {} : { modelStatusCode: Number(row.modelStatusCode) }),
      };
    }
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
