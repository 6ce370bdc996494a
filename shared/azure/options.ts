/** Every call to Azure ends: each adapter passes one of these as its abort signal. */
const CALL_TIMEOUT_MS = 60_000;

export const withinTimeout = (): AbortSignal => AbortSignal.timeout(CALL_TIMEOUT_MS);

/** Bounded, and the SDKs wait as long as `Retry-After` says: a call that still fails is repeated by its orchestration. */
export const RETRY_OPTIONS = { maxRetries: 3, maxRetryDelayInMs: 30_000 } as const;

/** True for the SDKs' error of that HTTP status, whichever package threw it. */
export function hasStatus(error: unknown, ...statusCodes: readonly number[]): boolean {
  const statusCode = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof statusCode === "number" && statusCodes.includes(statusCode);
}
