/** Who waits for instances to end. */
import type { Clock } from "../../clock.ts";

export class EndListeners {
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles when the end of that instance is told of, at once when it is over already, or after `timeoutMs`. */
  async wait(id: string, timeoutMs: number, isOver: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(resolve));
    const cancel = this.#clock.after(timeoutMs, resolve);
    if (isOver()) resolve();
    await promise;
    cancel();
    listeners.delete(resolve);
    if (listeners.size === 0) this.#listeners.delete(id);
  }

  tell(id: string): void {
    for (const resolve of this.#listeners.get(id) ?? []) resolve();
  }
}
