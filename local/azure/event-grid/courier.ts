import type { Clock } from "../../clock.ts";
import { isDelivered, isFinal, outcomeOf, retryDelayMs } from "./retry.ts";
import type { Delivery, EventGridStore } from "./store.ts";
import type { Subscription } from "./subscription.ts";
import { deliver } from "./webhook.ts";

/** Requests under way at a time, over all subscriptions. */
const MOST_AT_ONCE = 32;

export interface CourierOptions {
  readonly store: EventGridStore;
  readonly clock: Clock;
  /** Factor on every wait of the retry schedule. */
  readonly retryScale: number;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** Carries what the outbox holds to the subscribers, again and again until it is delivered or dead. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #cancelTimer = () => {};
  #isWoken = false;

  constructor(options: CourierOptions) {
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

  /** Cuts off what is under way; it is delivered again after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer();
    await Promise.all(this.#underWay.values());
  }

  #work(): void {
    const { store, clock, log } = this.#options;
    const now = clock.now();
    // What is under way is still due in the store: as many more are read, and skipped.
    for (const delivery of store.dueDeliveries(now, MOST_AT_ONCE + this.#underWay.size)) {
      const key = `${delivery.seq}/${delivery.subscription}`;
      if (this.#underWay.size >= MOST_AT_ONCE) break;
      if (this.#underWay.has(key)) continue;
      const carried = this.#carry(delivery)
        .then(() => this.wake())
        // A full disk, say: the event is still in the outbox, and the next event or start tries it again.
        .catch((error) => log("error", `${key} could not be recorded: ${String(error)}`))
        .finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, carried);
    }
    const nextDueAt = store.nextDueAt(now);
    this.#cancelTimer();
    if (nextDueAt !== undefined) this.#cancelTimer = clock.after(nextDueAt - now, () => this.wake());
  }

  async #carry(delivery: Delivery): Promise<void> {
    const { store, clock, retryScale, log } = this.#options;
    const subscription = store.subscriptionById(delivery.subscription);
    if (!subscription) return;
    const { eventTimeToLiveInMinutes, maxDeliveryAttempts } = subscription.properties.retryPolicy;
    if (delivery.attempts > 0 && clock.now() - delivery.raisedAt > eventTimeToLiveInMinutes * 60_000) {
      return this.#bury(delivery, subscription, "TimeToLiveExceeded", "Aborted");
    }
    const attempt = await deliver(subscription, delivery.body, delivery.attempts, clock, this.#stop.signal);
    if (this.#stop.signal.aborted && !isDelivered(attempt)) return;
    if (isDelivered(attempt)) return store.settle(delivery, clock.now());
    const tried = { ...delivery, attempts: delivery.attempts + 1, lastAttemptAt: clock.now() };
    const outcome = outcomeOf(attempt);
    if (isFinal(attempt)) return this.#bury(tried, subscription, "NotRetried", outcome);
    if (tried.attempts >= maxDeliveryAttempts) {
      return this.#bury(tried, subscription, "MaxDeliveryAttemptsExceeded", outcome);
    }
    const waitMs = retryDelayMs(tried.attempts, attempt) * retryScale;
    log(
      "info",
      `${delivery.body.eventType} to ${subscription.name}: ${outcome}, again in ${waitMs / 1000} s`,
    );
    store.postpone(delivery, clock.now(), Math.ceil(clock.now() + waitMs));
  }

  #bury(delivery: Delivery, subscription: Subscription, reason: string, outcome: string): void {
    const { store, clock, log } = this.#options;
    const { attempts, raisedAt, lastAttemptAt } = delivery;
    const death = {
      reason,
      attempts,
      outcome,
      publishTime: new Date(raisedAt).toISOString(),
      lastAttemptTime: lastAttemptAt === null ? null : new Date(lastAttemptAt).toISOString(),
    };
    store.bury(delivery, subscription, death, clock.now());
    log("error", `${delivery.body.eventType} to ${subscription.name}: dead-lettered, ${reason}, ${outcome}`);
  }
}
