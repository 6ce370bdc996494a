import type { Clock } from "../clock.ts";

/** Has the work of an outbox looked through when there is cause: soon after it is woken, and when something falls due. */
export class Waker {
  readonly #clock: Clock;
  readonly #work: () => number | undefined;
  #cancelTimer = () => {};
  #isWoken = false;
  #isStopped = false;

  /** @param work - takes up what is due, and tells when the next will be (ms since the epoch), if there is any */
  constructor(clock: Clock, work: () => number | undefined) {
    this.#clock = clock;
    this.#work = work;
  }

  /** Looks for work soon. Cheap to call often. */
  wake(): void {
    if (this.#isWoken || this.#isStopped) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      if (!this.#isStopped) this.#look();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  #look(): void {
    const nextDueAt = this.#work();
    this.#cancelTimer();
    if (nextDueAt === undefined) return;
    this.#cancelTimer = this.#clock.after(nextDueAt - this.#clock.now(), () => this.wake());
  }
}
