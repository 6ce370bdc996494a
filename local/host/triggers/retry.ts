import type { Clock } from "../../clock.ts";
import type {
  FunctionDefinition,
  FunctionInvoker,
  HostLog,
  Invocation,
  InvocationOutcome,
  RetryOptions,
} from "../contract.ts";
import type { HostJson } from "../settings/host-json.ts";
import { isType } from "../worker/registry.ts";

/** The triggers that heed a retry policy, of those that this host has. */
const RETRYING = ["timerTrigger", "eventHubTrigger"];

/** Tells of retry policies that never come into effect, as Azure does. */
export function warnOfIdleRetries(functions: readonly FunctionDefinition[], log: HostLog): void {
  for (const { name, trigger, retryOptions } of functions) {
    if (!retryOptions || RETRYING.some((type) => isType(trigger, type))) continue;
    const line = `Function '${name}': a retry policy has no effect on a ${trigger.type}, here as in Azure.`;
    log("warning", `Function.${name}`, line);
  }
}

/** The function's own policy, else the app's; `undefined` when a failure is final. */
export function retryPolicyOf(definition: FunctionDefinition, host: HostJson): RetryOptions | undefined {
  if (definition.retryOptions) return definition.retryOptions;
  const { retry } = host;
  if (!retry) return undefined;
  if (retry.strategy === "fixedDelay") {
    return { ...retry, strategy: "fixedDelay", delayInterval: { seconds: retry.delayInterval / 1000 } };
  }
  return {
    strategy: "exponentialBackoff",
    maxRetryCount: retry.maxRetryCount,
    minimumInterval: { seconds: retry.minimumInterval / 1000 },
    maximumInterval: { seconds: retry.maximumInterval / 1000 },
  };
}

/**
 * Runs until an attempt succeeds, the policy is exhausted, or `signal` aborts the waiting. The count lives in memory only.
 *
 * @returns the outcome of the last attempt
 */
export async function invokeWithRetry(
  worker: FunctionInvoker,
  clock: Clock,
  policy: RetryOptions | undefined,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<InvocationOutcome> {
  if (!policy) return worker.invoke(invocation);
  const { maxRetryCount } = policy;
  let exception: { message: string; stackTrace: string } | undefined;
  for (let retryCount = 0; ; retryCount++) {
    const retryContext = { retryCount, maxRetryCount, ...(exception && { exception }) };
    const outcome = await worker.invoke({ ...invocation, retryContext });
    const mayRetry = maxRetryCount === -1 || retryCount < maxRetryCount;
    if (outcome.succeeded || !mayRetry || signal.aborted) return outcome;
    exception = { message: outcome.message, stackTrace: outcome.stackTrace };
    await pause(clock, retryDelayMs(policy, retryCount + 1, Math.random), signal);
    if (signal.aborted) return outcome;
  }
}

/**
 * @param attempt - 1 for the first retry
 * @param random - in [0, 1), spreads the back-off by 0.8 to 1.2
 * @returns ms to wait before it
 */
export function retryDelayMs(policy: RetryOptions, attempt: number, random: () => number): number {
  if (policy.strategy === "fixedDelay") return (policy.delayInterval?.seconds ?? 0) * 1000;
  const leastMs = (policy.minimumInterval?.seconds ?? 0) * 1000;
  const mostMs = (policy.maximumInterval?.seconds ?? 0) * 1000;
  if (attempt === 1) return Math.min(leastMs, mostMs);
  return Math.min(leastMs * 2 ** (attempt - 1) * (0.8 + 0.4 * random()), mostMs);
}

async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(delayMs, resolve);
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  await promise;
  cancel();
  signal.removeEventListener("abort", onAbort);
}
