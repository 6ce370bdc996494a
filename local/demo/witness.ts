import { setTimeout as pause } from "node:timers/promises";
import type { LedgerLine } from "../system/feed.ts";
import { followLedger } from "../system/feed.ts";

/** What should have happened did not, in time. The demonstration ends here, and says what it waited for. */
export class NotWitnessedError extends Error {
  override name = "NotWitnessedError";

  constructor(what: string, seconds: number) {
    super(`Waited ${seconds} s for this, and it did not happen: ${what}`);
  }
}

const PAUSE_MS = 200;

/** Sees what happens: the ledger as it grows, and whatever else can be asked over HTTP. */
export class Witness {
  readonly #host: string;
  readonly #seen: LedgerLine[] = [];
  readonly #stopped = new AbortController();

  constructor(host: string) {
    this.#host = host;
    void this.#follow();
  }

  /** The first entry after `after` that fits, as soon as there is one. */
  async entry(
    what: string,
    fits: (entry: LedgerLine) => boolean,
    { after = 0, seconds = 60 }: { after?: number; seconds?: number } = {},
  ): Promise<LedgerLine> {
    return this.until(what, () => this.#seen.find((entry) => entry.sequence > after && fits(entry)), seconds);
  }

  /** Every entry so far that fits. */
  entries(fits: (entry: LedgerLine) => boolean): LedgerLine[] {
    return this.#seen.filter(fits);
  }

  /** Asks until there is an answer. */
  async until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>, seconds = 60): Promise<T> {
    const deadline = Date.now() + seconds * 1_000;
    while (Date.now() < deadline) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await pause(PAUSE_MS);
    }
    throw new NotWitnessedError(what, seconds);
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #follow(): Promise<void> {
    for await (const line of followLedger(this.#host, this.#stopped.signal)) this.#seen.push(line);
  }
}
