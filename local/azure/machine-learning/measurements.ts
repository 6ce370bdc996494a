import type { Measurement } from "../service.ts";
import type { Store } from "./store.ts";

/** Azure Monitor keeps platform metrics this long. */
const KEPT_MS = 93 * 86_400_000;

type Dimensions = Readonly<Record<string, string>>;

/**
 * What the metrics of workspaces and deployments are made from, by their official names: things that happened, counted
 * one by one, and levels, each until the next of the same dimensions. To be written in the transaction of the change
 * itself.
 */
export class Measurements {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    store.sql("DELETE FROM measurements WHERE at < ? AND kind = 'count'").run(now() - KEPT_MS);
  }

  count(resourceId: string, metric: string, dimensions: Dimensions): void {
    this.#write(resourceId, metric, "count", 1, dimensions);
  }

  /** From now on the level is this; null when there is nothing any more that could have one. */
  level(resourceId: string, metric: string, value: number | null, dimensions: Dimensions = {}): void {
    const last = this.#store
      .sql(
        "SELECT value FROM measurements WHERE resource = ? AND metric = ? AND dimensions = ? ORDER BY at DESC, rowid DESC LIMIT 1",
      )
      .get(resourceId.toLowerCase(), metric, JSON.stringify(dimensions));
    if ((last?.value ?? null) === value) return;
    this.#write(resourceId, metric, "level", value, dimensions);
  }

  /** Ends every level of a resource and of what is below it, or those of some dimensions alone. */
  end(resourceId: string, ending: Dimensions = {}): void {
    const id = resourceId.toLowerCase();
    const rows = this.#store
      .sql(
        "SELECT DISTINCT resource, metric, dimensions FROM measurements WHERE kind = 'level' AND (resource = ? OR substr(resource, 1, ?) = ?)",
      )
      .all(id, id.length + 1, `${id}/`);
    for (const { resource, metric, dimensions: text } of rows) {
      const dimensions: Dimensions = JSON.parse(String(text));
      const isEnding = Object.entries(ending).every(([name, value]) => dimensions[name] === value);
      if (isEnding) this.level(String(resource), String(metric), null, dimensions);
    }
  }

  /** In order of time: those with `from <= at < to`, and before them what the levels were at `from`. */
  between(resourceId: string, metric: string, from: number, to: number): Measurement[] {
    const rows = this.#store
      .sql(
        `SELECT at, value, dimensions FROM measurements WHERE resource = ?1 AND metric = ?2 AND at < ?4 AND (at >= ?3
          OR rowid IN (SELECT max(rowid) FROM measurements
            WHERE resource = ?1 AND metric = ?2 AND at < ?3 AND kind = 'level' GROUP BY dimensions))
          ORDER BY rowid`,
      )
      .all(resourceId.toLowerCase(), metric, from, to);
    return rows.map(({ at, value, dimensions }) => ({
      at: Number(at),
      value: value === null ? null : Number(value),
      dimensions: JSON.parse(String(dimensions)),
    }));
  }

  #write(
    resourceId: string,
    metric: string,
    kind: "count" | "level",
    value: number | null,
    dimensions: Dimensions,
  ): void {
    this.#store.transaction(() =>
      this.#store
        .sql(
          "INSERT INTO measurements (resource, metric, kind, at, value, dimensions) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .run(resourceId.toLowerCase(), metric, kind, this.#now(), value, JSON.stringify(dimensions)),
    );
  }
}
