import type { Clock } from "../../clock.ts";
import { Refusal } from "./refusal.ts";

/** A bucket of requests that refills every second. */
export interface RequestLimit {
  readonly bucket: number;
  readonly perSecond: number;
}

export interface RequestLimits {
  readonly reads: RequestLimit;
  readonly writes: RequestLimit;
  readonly deletes: RequestLimit;
}

/**
 * What Resource Manager grants a subscription in a region.
 *
 * @see Microsoft Learn, "Understand how Azure Resource Manager throttles requests"
 */
export const RESOURCE_MANAGER_LIMITS: RequestLimits = {
  reads: { bucket: 250, perSecond: 25 },
  writes: { bucket: 200, perSecond: 10 },
  deletes: { bucket: 200, perSecond: 10 },
};

/** Counts requests against limits, and turns away what is above them. */
export class Throttle {
  readonly #clock: Clock;
  readonly #limits: RequestLimits;
  readonly #left = new Map<keyof RequestLimits, { tokens: number; at: number }>();

  constructor(clock: Clock, limits: RequestLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @throws {Refusal} 429 that says when to come again */
  take(method: string): void {
    const kind = method === "GET" ? "reads" : method === "DELETE" ? "deletes" : "writes";
    const { bucket, perSecond } = this.#limits[kind];
    const now = this.#clock.now();
    const before = this.#left.get(kind) ?? { tokens: bucket, at: now };
    const tokens = Math.min(bucket, before.tokens + ((now - before.at) / 1000) * perSecond);
    this.#left.set(kind, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (tokens >= 1) return;
    const wait = Math.max(1, Math.ceil((1 - tokens) / perSecond));
    throw new Refusal(
      429,
      "TooManyRequests",
      `Number of subscription ${kind} exceeded the limit of ${bucket} with ${perSecond} more each second. Try again after ${wait} seconds.`,
      { headers: { "retry-after": String(wait), [`x-ms-ratelimit-remaining-subscription-${kind}`]: "0" } },
    );
  }
}
