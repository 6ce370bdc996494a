/** The instances in memory; the others are a read of the store away. */
import { Instance } from "./instance.ts";
import type { Store } from "./store.ts";

/** Instances kept in memory with their histories; idle ones leave first. */
const MAX_HOT_INSTANCES = 10_000;

export class HotInstances {
  readonly #store: Store;
  readonly #instances = new Map<string, Instance>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The instance, from memory or the store. */
  get(id: string): Instance | undefined {
    const hot = this.#instances.get(id);
    if (hot) return hot;
    const row = this.#store.instance(id);
    if (!row) return undefined;
    const instance = new Instance(row, this.#store.history(id));
    this.put(instance);
    return instance;
  }

  /** The instance if it is in memory. */
  peek(id: string): Instance | undefined {
    return this.#instances.get(id);
  }

  all(): Instance[] {
    return [...this.#instances.values()];
  }

  put(instance: Instance): void {
    this.#instances.set(instance.row.id, instance);
    if (this.#instances.size > MAX_HOT_INSTANCES) this.#evict(instance);
  }

  delete(id: string): void {
    this.#instances.delete(id);
  }

  /** One that has nothing to do and nothing to hear. */
  #evict(newcomer: Instance): void {
    for (const [id, instance] of this.#instances) {
      if (instance === newcomer || instance.isBusy || instance.inbox.length > 0) continue;
      this.#instances.delete(id);
      return;
    }
  }
}
