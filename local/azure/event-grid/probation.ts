import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** An endpoint that fails so often in a row is assumed to have a problem of its own. */
export const FAILURES_BEFORE_PROBATION = 10;

/** How long an endpoint is left alone the first time, by what its last answer was. */
const FIRST_HOLD_MS: Readonly<Record<string, number>> = {
  Busy: 10 * SECOND,
  TimedOut: 10 * SECOND,
  SocketError: 30 * SECOND,
  ResolutionError: 30 * SECOND,
  NotFound: 5 * MINUTE,
  Unauthorized: 5 * MINUTE,
  Forbidden: 5 * MINUTE,
};
/** Of what has no row: the documentation names no time for other errors, which are retried after 10 s. */
const OTHER_HOLD_MS = 10 * SECOND;
/** "In some cases up to several hours": how it grows is not documented. It doubles here, up to this. */
const LONGEST_HOLD_MS = 2 * HOUR;

/**
 * How long new events and retries are held back.
 *
 * @param holds - how often in a row the endpoint was left alone before
 * @see https://learn.microsoft.com/azure/event-grid/delivery-and-retry#delayed-delivery
 */
export function holdMs(outcome: string, holds: number): number {
  return Math.min((FIRST_HOLD_MS[outcome] ?? OTHER_HOLD_MS) * 2 ** holds, LONGEST_HOLD_MS);
}

const Row = z.object({ failures: z.number(), holds: z.number(), heldUntil: z.number() });
const HEALTHY = { failures: 0, holds: 0, heldUntil: 0 };

export const PROBATION_SCHEMA = `CREATE TABLE IF NOT EXISTS probations (
  subscription INTEGER PRIMARY KEY, failures INTEGER NOT NULL, holds INTEGER NOT NULL, heldUntil INTEGER NOT NULL) STRICT;`;

/** Which endpoints fail, and until when they are left alone. Times in ms since the epoch. */
export class Probation {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Whether it has been left alone since it last took an event. */
  has(subscription: number): boolean {
    return this.#row(subscription).holds > 0;
  }

  /** @returns until when nothing more is sent, if this failure was one too many */
  failed(subscription: number, outcome: string, now: number, scale: number): number | undefined {
    const { failures, holds, heldUntil } = this.#row(subscription);
    // Requests that were under way when the others failed tell nothing new.
    if (heldUntil > now) return undefined;
    const isTooMany = failures + 1 >= FAILURES_BEFORE_PROBATION;
    const until = isTooMany ? Math.ceil(now + holdMs(outcome, holds) * scale) : 0;
    this.#db
      .prepare("INSERT OR REPLACE INTO probations VALUES (?, ?, ?, ?)")
      .run(subscription, failures + 1, isTooMany ? holds + 1 : holds, until);
    return isTooMany ? until : undefined;
  }

  /** It took an event, or a handshake: all is well. */
  end(subscription: number): void {
    this.#db.prepare("DELETE FROM probations WHERE subscription = ?").run(subscription);
  }

  #row(subscription: number): z.infer<typeof Row> {
    const row = this.#db.prepare("SELECT * FROM probations WHERE subscription = ?").get(subscription);
    return row ? Row.parse(row) : HEALTHY;
  }
}
