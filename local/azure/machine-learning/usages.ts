import type { Usage } from "../service.ts";
import type { Context } from "./context.ts";

/** What runs when its definition does not say on which machines. */
export const DEFAULT_VM_SIZE = "Standard_DS3_v2";

/** When which resource ran on how many machines: what a bill is made from, so nothing is ever taken out. */
export class Usages {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** From now on the resource runs on these machines, and no longer on those of before. */
  begin(resourceId: string, sku: string, instances: number): void {
    const { store, clock } = this.#context;
    store.transaction(() => {
      this.end(resourceId);
      store
        .sql("INSERT INTO usages (resource, sku, instances, began, ended) VALUES (?, ?, ?, ?, NULL)")
        .run(resourceId, sku, instances, clock.now());
    });
  }

  end(resourceId: string): void {
    const { store, clock } = this.#context;
    store.transaction(() =>
      store
        .sql("UPDATE usages SET ended = ? WHERE resource = ? COLLATE NOCASE AND ended IS NULL")
        .run(clock.now(), resourceId),
    );
  }

  /** Ends what runs below a resource, however deep. */
  endBelow(id: string): void {
    const { store, clock } = this.#context;
    store.transaction(() =>
      store
        .sql("UPDATE usages SET ended = ? WHERE ended IS NULL AND substr(lower(resource), 1, ?) = ?")
        .run(clock.now(), id.length + 1, `${id.toLowerCase()}/`),
    );
  }

  /** What ran between two moments, clipped to them and to now, in order of its beginning. */
  between(from: number, to: number): Usage[] {
    const { store, clock } = this.#context;
    const now = clock.now();
    const rows = store
      .sql(
        "SELECT resource, sku, instances, MAX(began, ?1) AS began, MIN(COALESCE(ended, ?3), ?2) AS ended FROM usages " +
          "WHERE began < ?2 AND COALESCE(ended, ?3) > ?1 ORDER BY seq",
      )
      .all(from, Math.min(to, now), now);
    return rows.map(({ resource, sku, instances, began, ended }) => ({
      resourceId: String(resource),
      sku: String(sku),
      instances: Number(instances),
      from: Number(began),
      to: Number(ended),
    }));
  }
}
