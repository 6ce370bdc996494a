/** Time as an argument: everything under `local/` that waits takes a clock, so that a test can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `task` once, `delayMs` from now; the answer cancels it. Never keeps the process alive by itself. */
  after(delayMs: number, task: () => void): () => void;
}

/** The longest delay that `setTimeout` takes: 2^31 - 1 ms. More would fire at once. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const dueAt = Date.now() + delayMs;
    let handle: NodeJS.Timeout;
    const arm = () => {
      const leftMs = Math.max(0, dueAt - Date.now());
      handle = leftMs > LONGEST_TIMEOUT_MS ? setTimeout(arm, LONGEST_TIMEOUT_MS) : setTimeout(task, leftMs);
      handle.unref();
    };
    arm();
    return () => clearTimeout(handle);
  },
};

/** A clock that stands still until it is told to move: seven days pass in the time of the work they cause. */
export class ManualClock implements Clock {
  #now: number;
  #sequence = 0;
  readonly #timers = new Map<number, { dueAt: number; task: () => void }>();

  constructor(start: Date | number = Date.UTC(2026, 0, 1)) {
    this.#now = Number(start);
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): () => void {
    const id = this.#sequence++;
    this.#timers.set(id, { dueAt: this.#now + Math.max(0, delayMs), task });
    return () => void this.#timers.delete(id);
  }

  /** When the next timer is due, in ms since the epoch; `undefined` when none is set. */
  nextDueAt(): number | undefined {
    return this.#earliest()?.[1].dueAt;
  }

  /** Moves time on by `ms`, running each timer at its own moment, in due order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#earliest(); next && next[1].dueAt <= until; next = this.#earliest()) {
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].dueAt);
      next[1].task();
    }
    this.#now = until;
  }

  #earliest() {
    return [...this.#timers].sort((a, b) => a[1].dueAt - b[1].dueAt || a[0] - b[0])[0];
  }
}
