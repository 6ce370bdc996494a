/** How long a retried call waits, and when it gives up. */
import type { RetryOptions } from "./actions.ts";

/** The framework refuses longer intervals, and grows to this one unless told otherwise. */
export const MAX_RETRY_INTERVAL_MS = 6 * 24 * 3_600_000;

/** @param made - attempts so far, from 1 */
export function backoffMs(options: RetryOptions | undefined, made: number): number {
  const first = options?.firstRetryIntervalInMilliseconds ?? 0;
  const grown = first * (options?.backoffCoefficient ?? 1) ** (made - 1);
  return Math.min(grown, options?.maxRetryIntervalInMilliseconds ?? MAX_RETRY_INTERVAL_MS);
}

export function isOverdue(options: RetryOptions | undefined, elapsedMs: number): boolean {
  const limit = options?.retryTimeoutInMilliseconds;
  return limit !== undefined && elapsedMs >= limit;
}
