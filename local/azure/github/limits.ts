import type { Clock } from "../../clock.ts";
import { GitHubRefusal } from "./refusal.ts";

const RESOURCES = {
  core: { limit: 5_000, windowMs: 3_600_000 },
  search: { limit: 30, windowMs: 60_000 },
} as const;
type Resource = keyof typeof RESOURCES;

/** Issues, comments and the like that may be made in a minute, before GitHub holds the caller back. */
const CREATIONS_A_MINUTE = 80;
const SECONDARY =
  "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. " +
  "Please retry your request again later.";

/**
 * The rate limits of one token.
 *
 * @see https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export class Limits {
  readonly #clock: Clock;
  readonly #windows = new Map<Resource, { used: number; resetAt: number }>();
  #creations: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a request. @throws {GitHubRefusal} 403 when the window is used up */
  spend(resource: Resource): void {
    const window = this.#window(resource);
    if (window.used >= RESOURCES[resource].limit) {
      throw new GitHubRefusal(403, "API rate limit exceeded for user ID 1.");
    }
    window.used += 1;
  }

  /** An answer that says "not changed" costs nothing. */
  giveBack(resource: Resource): void {
    this.#window(resource).used -= 1;
  }

  /** Counts what a request makes. @throws {GitHubRefusal} 403 with Retry-After when it was too much in a minute */
  create(): void {
    const now = this.#clock.now();
    this.#creations = this.#creations.filter((at) => at > now - 60_000);
    if (this.#creations.length >= CREATIONS_A_MINUTE) {
      throw new GitHubRefusal(403, SECONDARY, { headers: { "retry-after": "60" } });
    }
    this.#creations.push(now);
  }

  headers(resource: Resource): Record<string, string> {
    const { used, resetAt } = this.#window(resource);
    const { limit } = RESOURCES[resource];
    return {
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(limit - used),
      "x-ratelimit-reset": String(Math.ceil(resetAt / 1000)),
      "x-ratelimit-used": String(used),
      "x-ratelimit-resource": resource,
    };
  }

  #window(resource: Resource) {
    const now = this.#clock.now();
    const kept = this.#windows.get(resource);
    if (kept && kept.resetAt > now) return kept;
    const fresh = { used: 0, resetAt: now + RESOURCES[resource].windowMs };
    this.#windows.set(resource, fresh);
    return fresh;
  }
}
