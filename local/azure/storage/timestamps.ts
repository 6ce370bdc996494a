import type { Clock } from "../../clock.ts";

const TICKS_PER_MS = 10_000;
const TICK_DIGITS = 4;

/**
 * Times that only ever grow, in the service's own unit of 100 ns, so that two writes never share an ETag: not within
 * a millisecond, not when the clock is set back, not after a restart.
 */
export class Timestamps {
  readonly #clock: Clock;
  #ms = 0;
  #tick = 0;

  /** @param last - the last one handed out before a restart, as `last` gave it */
  constructor(clock: Clock, last?: string) {
    this.#clock = clock;
    if (last !== undefined) {
      this.#ms = Date.parse(`${last.slice(0, -1 - TICK_DIGITS)}Z`);
      this.#tick = Number(last.slice(-1 - TICK_DIGITS, -1));
    }
  }

  /** The last one handed out, e.g. `2026-01-01T00:00:00.0000001Z`. */
  get last(): string {
    const text = new Date(this.#ms).toISOString();
    return `${text.slice(0, -1)}${String(this.#tick).padStart(TICK_DIGITS, "0")}Z`;
  }

  /** A new one, later than all before it. */
  next(): string {
    const now = this.#clock.now();
    if (now > this.#ms) {
      this.#ms = Math.floor(now);
      this.#tick = 0;
    } else if (++this.#tick === TICKS_PER_MS) {
      this.#ms += 1;
      this.#tick = 0;
    }
    return this.last;
  }

  /** A new blob ETag, quoted, as the blob service forms them: `"0x8DE48B6C1FB3A1F"`. */
  nextBlobEtag(): string {
    this.next();
    const ticks = BigInt(this.#ms) * BigInt(TICKS_PER_MS) + BigInt(this.#tick);
    return `"0x${ticks.toString(16).toUpperCase()}"`;
  }
}
