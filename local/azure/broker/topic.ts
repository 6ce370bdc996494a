import type { Clock } from "../../clock.ts";
import { DuplicateWindow } from "./duplicates.ts";
import type { Envelope } from "./message-codec.ts";
import type { Queue } from "./queue.ts";
import type { Done } from "./queue-contract.ts";
import { refusals } from "./refusal.ts";
import { filterView } from "./rules.ts";
import type { Store } from "./store.ts";
import type { SubscriptionRules } from "./subscription-rules.ts";

export interface Subscription {
  readonly queue: Queue;
  readonly rules: SubscriptionRules;
}

/** Copies each message to the subscriptions whose rules let it through. */
export class Topic {
  readonly subscriptions: readonly Subscription[];
  readonly #path: string;
  readonly #store: Store;
  readonly #duplicates: DuplicateWindow | null;
  readonly #defaultTtlMs: number | null;
  #sequence: number;

  constructor(
    path: string,
    options: { readonly duplicateWindowMs: number | null; readonly defaultTtlMs: number | null },
    subscriptions: readonly Subscription[],
    store: Store,
    clock: Clock,
  ) {
    this.#path = path;
    this.#store = store;
    this.subscriptions = subscriptions;
    this.#defaultTtlMs = options.defaultTtlMs;
    this.#duplicates =
      options.duplicateWindowMs === null
        ? null
        : new DuplicateWindow(path, options.duplicateWindowMs, store, clock);
    this.#sequence = store.sequenceOf(path);
  }

  /** Takes a message in; `done` is called once every copy is on disk. @returns the topic's number for it */
  enqueue(envelope: Envelope, done: Done): number {
    if (this.#duplicates?.isDuplicate(envelope.messageId)) {
      this.#store.afterCommit((error) => done(error && refusals.storeFailed()));
      return 0;
    }
    this.#sequence++;
    this.#store.setSequence(this.#path, this.#sequence);
    const ttlMs = envelope.ttlMs ?? this.#defaultTtlMs;
    const view = filterView(envelope.raw);
    for (const { queue, rules } of this.subscriptions) {
      if (rules.matches(view)) queue.enqueue({ ...envelope, ttlMs }, () => {}, this.#sequence);
    }
    this.#store.afterCommit((error) => done(error && refusals.storeFailed()));
    return this.#sequence;
  }

  /** A number that was given out may have no copy, where no rule let the message through: only others are refused. */
  cancelScheduled(numbers: readonly number[], done: Done): void {
    const missing = numbers.filter((number) => number < 1 || number > this.#sequence);
    if (missing.length > 0) {
      done(refusals.notScheduled(missing));
      return;
    }
    for (const { queue } of this.subscriptions) {
      for (const number of numbers) queue.cancelScheduled([number], () => {});
    }
    this.#store.afterCommit((error) => done(error && refusals.storeFailed()));
  }
}
