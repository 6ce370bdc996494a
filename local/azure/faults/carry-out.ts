import type { Clock } from "../../clock.ts";
import type { CallEffect } from "./rule.ts";

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Answers one call as its fault has it.
 *
 * @param options.refuse - the error answer of the service that was called
 * @param options.signal - aborted when the caller has gone or the server stops: nothing hangs longer
 * @returns `undefined` when the connection is to be closed without an answer
 */
export async function carryOut<A extends Answer>(
  effect: CallEffect,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly proceed: () => Promise<A>;
    readonly refuse: (status: 429 | 500 | 503) => A;
  },
): Promise<A | undefined> {
  const { clock, signal, proceed, refuse } = options;
  if (effect === "drop") return undefined;
  if (effect === "hang") {
    await untilAborted(signal);
    return undefined;
  }
  if (effect === "drop-answer") {
    await proceed();
    return undefined;
  }
  if (effect === "invalidJson") return cutInHalf(await proceed());
  if ("delayMs" in effect) {
    await delayed(clock, effect.delayMs, signal);
    return signal.aborted ? undefined : proceed();
  }
  const refused = refuse(effect.status);
  if (effect.retryAfterSeconds === undefined) return refused;
  return { ...refused, headers: { ...refused.headers, "retry-after": String(effect.retryAfterSeconds) } };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function delayed(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  let cancel = () => {};
  const due = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  await Promise.race([due, untilAborted(signal)]);
  cancel();
}

/** A body that stops in the middle, as a proxy that gave up leaves it. */
function cutInHalf<A extends Answer>(answer: A): A {
  const { body } = answer;
  const text =
    body instanceof Uint8Array ? Buffer.from(body).toString("utf8") : (asText(body) ?? '{"value":[{"na');
  const half = text.slice(0, Math.max(1, Math.floor(text.length / 2)));
  return {
    ...answer,
    headers: { "content-type": "application/json; charset=utf-8", ...answer.headers },
    body: half,
  };
}

const asText = (body: unknown) => (typeof body === "string" ? body : JSON.stringify(body));
