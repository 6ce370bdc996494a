import type { Clock } from "../../clock.ts";

/** Waits on an injected clock that can be cut short or ended for good. */
export class Pauses {
  readonly #clock: Clock;
  #isStopped = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Resolves after `ms`, or sooner when cut short; at once when stopped. One wait at a time. */
  async pause(ms: number): Promise<void> {
    if (this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = this.#clock.after(ms, resolve);
    await promise;
    cancel();
  }

  cutShort(): void {
    this.#wake?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }
}
