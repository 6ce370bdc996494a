import type { SQLOutputValue } from "node:sqlite";
import { Refusal } from "./refusal.ts";
import type { Store } from "./store.ts";

export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly step: number;
}

const PAGE_SIZE = 1000;

/** Metrics and parameters of runs. */
export class Metrics {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(run: string, { key, value, timestamp, step }: Metric): void {
    this.#store
      .sql("INSERT INTO metrics (run, key, value, timestamp, step) VALUES (?, ?, ?, ?, ?)")
      // SQLite has no NaN, and would keep NULL for it.
      .run(run, key, Number.isNaN(value) ? "NaN" : value, timestamp, step);
  }

  /** Per key the value with the greatest step, then timestamp, then order of arrival. */
  latest(run: string): Metric[] {
    const rows = this.#store
      .sql("SELECT * FROM metrics WHERE run = ? ORDER BY step, timestamp, seq")
      .all(run);
    return [...new Map(rows.map((row) => [String(row.key), toMetric(row)])).values()];
  }

  /** Every value of one metric in order of arrival, by pages. */
  history(run: string, query: URLSearchParams): { metrics: object[]; next_page_token?: string } {
    const key = query.get("metric_key");
    if (key === null)
      throw new Refusal(400, "INVALID_PARAMETER_VALUE", "metric_key is missing, expected a metric's name.");
    const size = Number(query.get("max_results") ?? PAGE_SIZE) || PAGE_SIZE;
    const after = Number(query.get("page_token") ?? 0) || 0;
    const rows = this.#store
      .sql("SELECT * FROM metrics WHERE run = ? AND key = ? AND seq > ? ORDER BY seq LIMIT ?")
      .all(run, key, after, size + 1);
    const shown = rows.slice(0, size);
    const last = shown.at(-1)?.seq;
    return {
      metrics: shown.map(toMetric).map(inJson),
      ...(rows.length > size && { next_page_token: String(last) }),
    };
  }

  /** @throws {Refusal} 400 when it has another value: the same again changes nothing */
  setParam(run: string, key: string, value: string): void {
    const before = this.#store.sql("SELECT value FROM params WHERE run = ? AND key = ?").get(run, key)?.value;
    if (before !== undefined && before !== value) {
      throw new Refusal(
        400,
        "INVALID_PARAMETER_VALUE",
        `Changing param values is not allowed. Param '${key}' was already logged with value '${before}', found '${value}'.`,
      );
    }
    this.#store.sql("INSERT OR IGNORE INTO params (run, key, value) VALUES (?, ?, ?)").run(run, key, value);
  }

  params(run: string): { key: string; value: string }[] {
    const rows = this.#store.sql("SELECT key, value FROM params WHERE run = ? ORDER BY key").all(run);
    return rows.map(({ key, value }) => ({ key: String(key), value: String(value) }));
  }
}

/** As protocol buffers write it: a number that JSON has not is its name. */
export function inJson(metric: Metric): object {
  return Number.isFinite(metric.value) ? metric : { ...metric, value: String(metric.value) };
}

function toMetric(row: Record<string, SQLOutputValue>): Metric {
  return {
    key: String(row.key),
    value: Number(row.value),
    timestamp: Number(row.timestamp),
    step: Number(row.step),
  };
}
