/** When Event Grid tries again, and when it gives up. Pure. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Wait after the first, second, ... failed attempt; the last row repeats. */
const SCHEDULE_MS = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
] as const;

/** Every wait is longer by up to this share of it: "a small randomization", which is not told in numbers. */
const JITTER = 0.1;

/** A busy or slow endpoint is left alone at least this long. */
const LEAST_WAIT_MS: Readonly<Record<number, number>> = { 408: 2 * MINUTE, 503: 30 * SECOND };

const SUCCESSES: ReadonlySet<number> = new Set([200, 201, 202, 203, 204]);
const NEVER_RETRIED: ReadonlySet<number> = new Set([400, 401, 403, 413]);

/** What became of one attempt: an HTTP status, or why there was none. */
export type Attempt =
  | { readonly status: number }
  | { readonly failure: "TimedOut" | "SocketError" | "ResolutionError" };

export function isDelivered(attempt: Attempt): boolean {
  return "status" in attempt && SUCCESSES.has(attempt.status);
}

/** Whether the endpoint has failed, rather than refused this one event. */
export function isEndpointsFault(attempt: Attempt): boolean {
  return (
    !isDelivered(attempt) && !("status" in attempt && (attempt.status === 400 || attempt.status === 413))
  );
}

export function isFinal(attempt: Attempt): boolean {
  return "status" in attempt && NEVER_RETRIED.has(attempt.status);
}

/**
 * @param attempts - how many have failed so far, at least 1
 * @param random - 0 to 1, drawn anew for each wait
 * @returns milliseconds until the next one
 * @see https://learn.microsoft.com/azure/event-grid/delivery-and-retry#retry-schedule
 */
export function retryDelayMs(attempts: number, last: Attempt, random: number): number {
  const scheduled = SCHEDULE_MS[Math.min(attempts, SCHEDULE_MS.length) - 1] ?? SCHEDULE_MS[0];
  const waitMs = Math.max(scheduled, "status" in last ? (LEAST_WAIT_MS[last.status] ?? 0) : 0);
  return Math.ceil(waitMs * (1 + JITTER * random));
}

const OUTCOMES: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  408: "TimedOut",
  413: "PayloadTooLarge",
  429: "Busy",
  503: "Busy",
};

/** The word that a dead letter's `lastDeliveryOutcome` has for it. */
export function outcomeOf(attempt: Attempt): string {
  return "status" in attempt ? (OUTCOMES[attempt.status] ?? "Aborted") : attempt.failure;
}
