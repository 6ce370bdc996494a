import type { Clock } from "../../../clock.ts";
import type { Call, Calls } from "./calls.ts";

/** Calls under way at a time, over all receivers. */
const MOST_AT_ONCE = 16;
/** The last published figure for a receiver's first answer. */
const ANSWER_WITHIN_MS = 10_000;
/** A call is tried again on these, and when nobody answers; every other status ends it. */
const RETRIED: readonly number[] = [408, 429, 503, 504];
/** Pauses before the retries: at most five of them. */
const PAUSES_MS: readonly number[] = [5_000, 20_000, 5_000, 40_000, 5_000];
/** After the last retry, no action group calls the receiver for this long. */
const SILENCE_MS = 15 * 60_000;

export interface CallerOptions {
  readonly calls: Calls;
  readonly clock: Clock;
  /** Factor on the pauses and the silence; 1 is Azure's. */
  readonly retryScale: number;
  readonly log: (level: "info" | "error", message: string) => void;
}

/**
 * Carries alerts to the receivers of action groups.
 *
 * @see https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups#webhook
 */
export class Caller {
  readonly #options: CallerOptions;
  readonly #underWay = new Map<number, Promise<void>>();
  readonly #stop = new AbortController();
  #cancelTimer = () => {};
  #isWoken = false;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Looks for work soon. Cheap to call often. */
  wake(): void {
    if (this.#isWoken || this.#stop.signal.aborted) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      if (!this.#stop.signal.aborted) this.#work();
    });
  }

  /** Cuts off what is under way; it is called again after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer();
    await Promise.all(this.#underWay.values());
  }

  #work(): void {
    const { calls, clock, log } = this.#options;
    const now = clock.now();
    for (const call of calls.due(now, MOST_AT_ONCE + this.#underWay.size)) {
      if (this.#underWay.size >= MOST_AT_ONCE) break;
      if (this.#underWay.has(call.seq)) continue;
      const carried = this.#carry(call)
        .then(() => this.wake())
        .catch((error) => log("error", `alert call ${call.seq} could not be recorded: ${String(error)}`))
        .finally(() => this.#underWay.delete(call.seq));
      this.#underWay.set(call.seq, carried);
    }
    const nextDueAt = calls.nextDueAt(now);
    this.#cancelTimer();
    if (nextDueAt !== undefined) this.#cancelTimer = clock.after(nextDueAt - now, () => this.wake());
  }

  async #carry(call: Call): Promise<void> {
    const { calls, clock, retryScale, log } = this.#options;
    const where = withoutQuery(call.url);
    if (calls.isSilenced(call.url, clock.now())) {
      log(
        "error",
        `The alert to ${where} is lost: its receiver failed before and is left alone for a while.`,
      );
      return calls.settle(call, "alertsLost");
    }
    const outcome = await this.#post(call);
    if (this.#stop.signal.aborted && typeof outcome !== "number") return;
    if (typeof outcome === "number" && outcome >= 200 && outcome < 300) {
      return calls.settle(call, "alertsDelivered");
    }
    const pauseMs = PAUSES_MS[call.attempts];
    const isRetried = typeof outcome !== "number" || RETRIED.includes(outcome);
    if (isRetried && pauseMs !== undefined) {
      log("info", `The alert to ${where} was answered ${outcome}, again in ${pauseMs / 1000} s.`);
      return calls.postpone(call, Math.ceil(clock.now() + pauseMs * retryScale));
    }
    log("error", `The alert to ${where} is lost: answered ${outcome} after ${call.attempts} retries.`);
    if (isRetried) calls.silence(call.url, clock.now() + SILENCE_MS * retryScale);
    calls.settle(call, "alertsLost");
  }

  /** @returns the status, or why there is none */
  async #post({ url, body }: Call): Promise<number | "no answer in time" | "no connection"> {
    const timeout = new AbortController();
    const cancel = this.#options.clock.after(ANSWER_WITHIN_MS, () => timeout.abort());
    try {
      const answer = await fetch(url, {
        method: "POST",
        redirect: "manual",
        headers: { "content-type": "application/json; charset=utf-8" },
        body,
        signal: AbortSignal.any([timeout.signal, this.#stop.signal]),
      });
      await answer.body?.cancel();
      return answer.status;
    } catch {
      return timeout.signal.aborted ? "no answer in time" : "no connection";
    } finally {
      cancel();
    }
  }
}

/** A function's key is in its query: it stays out of the log. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
