import type { Clock } from "../../clock.ts";
import { Waker } from "../waker.ts";
import { type Attempt, isDelivered, isEndpointsFault, isFinal, outcomeOf, retryDelayMs } from "./retry.ts";
import type { Delivery, EventGridStore } from "./store.ts";
import type { Subscription } from "./subscription.ts";
import { deliver } from "./webhook.ts";

/** Requests under way at a time, over all subscriptions. */
const MOST_AT_ONCE = 32;

/** A dead event is written to its container so long after the last attempt. */
const DEAD_LETTER_AFTER_MS = 5 * 60_000;

type Batch = [Delivery, ...Delivery[]];

const keyOf = ({ seq, subscription }: Delivery) => `${seq}/${subscription}`;
const sizeOf = ({ body }: Delivery) => JSON.stringify(body).length;

export interface CourierOptions {
  readonly store: EventGridStore;
  readonly clock: Clock;
  /** Factor on every wait of the retry schedule. */
  readonly retryScale: number;
  /** 0 to 1, for the small differences between waits. */
  readonly random: () => number;
  readonly onBuried: () => void;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** Carries what the outbox holds to the subscribers, again and again until it is delivered or dead. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #requests = 0;
  readonly #waker: Waker;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#waker = new Waker(options.clock, () => this.#work());
  }

  /** Looks for work soon. Cheap to call often. */
  wake(): void {
    this.#waker.wake();
  }

  /** Cuts off what is under way; it is delivered again after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#waker.stop();
    await Promise.all(this.#underWay.values());
  }

  #work(): number | undefined {
    const { store, clock, log } = this.#options;
    const now = clock.now();
    // What is under way is still due in the store: as many more are read, and skipped.
    for (const delivery of store.dueDeliveries(now, MOST_AT_ONCE + this.#underWay.size)) {
      if (this.#requests >= MOST_AT_ONCE) break;
      if (this.#underWay.has(keyOf(delivery))) continue;
      const batch = this.#batchOf(delivery, now);
      this.#requests += 1;
      const carried = this.#carry(batch)
        .then(() => this.wake())
        // A full disk, say: the event is still in the outbox, and the next event or start tries it again.
        .catch((error) => log("error", `${keyOf(delivery)} could not be recorded: ${String(error)}`))
        .finally(() => {
          this.#requests -= 1;
          for (const one of batch) this.#underWay.delete(keyOf(one));
        });
      for (const one of batch) this.#underWay.set(keyOf(one), carried);
    }
    return store.nextDueAt(now);
  }

  /** A delivery, and as many others of its subscription as that takes in one request. */
  #batchOf(first: Delivery, now: number): Batch {
    const { store } = this.#options;
    const destination = store.subscriptionById(first.subscription)?.properties.destination.properties;
    const { maxEventsPerBatch = 1, preferredBatchSizeInKilobytes = 64 } = destination ?? {};
    const batch: Batch = [first];
    if (maxEventsPerBatch === 1) return batch;
    let bytes = sizeOf(first);
    for (const next of store.dueDeliveriesOf(
      first.subscription,
      now,
      maxEventsPerBatch + this.#underWay.size,
    )) {
      if (next.seq === first.seq || this.#underWay.has(keyOf(next))) continue;
      bytes += sizeOf(next);
      if (batch.length >= maxEventsPerBatch || bytes > preferredBatchSizeInKilobytes * 1024) break;
      batch.push(next);
    }
    return batch;
  }

  async #carry(batch: Batch): Promise<void> {
    const { store, clock } = this.#options;
    const subscription = store.subscriptionById(batch[0].subscription);
    if (!subscription) return;
    const lifeMs = subscription.properties.retryPolicy.eventTimeToLiveInMinutes * 60_000;
    // Looked at when the next attempt is due, and never before the first: but for an endpoint on probation, which got none.
    const isHeld = store.probation.has(subscription.id);
    const isDead = ({ attempts, raisedAt }: Delivery) =>
      (attempts > 0 || isHeld) && clock.now() - raisedAt > lifeMs;
    for (const dead of batch.filter(isDead)) {
      this.#bury(dead, subscription, "TimeToLiveExceeded", dead.lastOutcome ?? "Probation");
    }
    const [first, ...others] = batch.filter((delivery) => !isDead(delivery));
    if (!first) return;
    const events = [first.body, ...others.map(({ body }) => body)] as const;
    const attempt = await deliver(subscription, events, first.attempts, clock, this.#stop.signal);
    if (this.#stop.signal.aborted && !isDelivered(attempt)) return;
    for (const delivery of [first, ...others]) this.#conclude(delivery, subscription, attempt);
  }

  #conclude(delivery: Delivery, subscription: Subscription, attempt: Attempt): void {
    const { store, clock, retryScale, random, log } = this.#options;
    const now = clock.now();
    const tried = { ...delivery, attempts: delivery.attempts + 1, lastAttemptAt: now };
    const outcome = outcomeOf(attempt);
    if (isEndpointsFault(attempt)) this.#holdBack(subscription, outcome, now);
    if (isDelivered(attempt)) {
      store.probation.end(subscription.id);
      store.settle(delivery, now);
    } else if (isFinal(attempt)) {
      this.#bury(tried, subscription, "NotRetried", outcome);
    } else if (tried.attempts >= subscription.properties.retryPolicy.maxDeliveryAttempts) {
      this.#bury(tried, subscription, "MaxDeliveryAttemptsExceeded", outcome);
    } else {
      const waitMs = retryDelayMs(tried.attempts, attempt, random()) * retryScale;
      const what = `${delivery.body.eventType} to ${subscription.name}`;
      log("info", `${what}: ${outcome}, again in ${waitMs / 1000} s`);
      store.postpone(delivery, outcome, now, Math.ceil(now + waitMs));
    }
  }

  #holdBack({ id, name }: Subscription, outcome: string, now: number): void {
    const { store, retryScale, log } = this.#options;
    const until = store.probation.failed(id, outcome, now, retryScale);
    if (until !== undefined) log("info", `${name}: on probation for ${(until - now) / 1000} s, ${outcome}`);
  }

  #bury(delivery: Delivery, subscription: Subscription, reason: string, outcome: string): void {
    const { store, clock, log, retryScale, onBuried } = this.#options;
    const { attempts, raisedAt, lastAttemptAt } = delivery;
    const death = {
      reason,
      attempts,
      outcome,
      publishTime: new Date(raisedAt).toISOString(),
      lastAttemptTime: lastAttemptAt === null ? null : new Date(lastAttemptAt).toISOString(),
    };
    const now = clock.now();
    store.bury(delivery, subscription, death, now, Math.ceil(now + DEAD_LETTER_AFTER_MS * retryScale));
    const fate = subscription.properties.deadLetterDestination
      ? "dead-lettered"
      : "dropped, it has no dead-letter container";
    log("error", `${delivery.body.eventType} to ${subscription.name}: ${fate}, ${reason}, ${outcome}`);
    onBuried();
  }
}
