import type { Clock } from "../../clock.ts";
import type { Store } from "./store.ts";

/** The message ids an entity has seen inside its duplicate detection window. */
export class DuplicateWindow {
  /** In the order of arrival, so that the oldest come first. */
  readonly #seen: Map<string, number>;
  readonly #entity: string;
  readonly #windowMs: number;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(entity: string, windowMs: number, store: Store, clock: Clock) {
    this.#entity = entity;
    this.#windowMs = windowMs;
    this.#store = store;
    this.#clock = clock;
    this.#seen = store.messageIdsOf(entity);
  }

  /** Whether the id came before, inside the window. A new one is remembered. */
  isDuplicate(messageId: string): boolean {
    const now = this.#clock.now();
    this.#forgetBefore(now - this.#windowMs);
    if (this.#seen.has(messageId)) return true;
    this.#seen.set(messageId, now);
    this.#store.rememberMessageId(this.#entity, messageId, now);
    return false;
  }

  #forgetBefore(time: number): void {
    for (const [messageId, at] of this.#seen) {
      if (at > time) return;
      this.#seen.delete(messageId);
      this.#store.forgetMessageId(this.#entity, messageId);
    }
  }
}
