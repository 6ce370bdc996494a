/** Messages that wait for their moment, with one timer on the clock for the earliest. */
import type { Clock } from "../../clock.ts";
import type { EventMessage } from "./messages.ts";

export class DueQueue {
  readonly #clock: Clock;
  readonly #fire: (message: EventMessage) => void;
  /** Latest first, so that the next one is taken from the end. */
  readonly #waiting: EventMessage[] = [];
  #cancel: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, fire: (message: EventMessage) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  add(message: EventMessage): void {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#waiting[middle];
      if (other && isLater(other, message)) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, message);
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#waiting.length = 0;
  }

  #arm(): void {
    const next = this.#waiting.at(-1);
    if (!next || next.dueAt >= this.#armedFor) return;
    this.#cancel?.();
    this.#armedFor = next.dueAt;
    this.#cancel = this.#clock.after(Math.max(0, next.dueAt - this.#clock.now()), () => this.#fireDue());
  }

  #fireDue(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    for (
      let next = this.#waiting.at(-1);
      next && next.dueAt <= this.#clock.now();
      next = this.#waiting.at(-1)
    ) {
      this.#waiting.pop();
      this.#fire(next);
    }
    this.#arm();
  }
}

function isLater(a: EventMessage, b: EventMessage): boolean {
  return a.dueAt > b.dueAt || (a.dueAt === b.dueAt && a.id > b.id);
}
