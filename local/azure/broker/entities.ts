/** The entities of the configuration, found by the addresses that clients use. */
import type { Clock } from "../../clock.ts";
import type { ParsedConfig, QueueConfig, TopicConfig } from "./config.ts";
import { Hub } from "./hub.ts";
import { Queue } from "./queue.ts";
import type { QueueOptions } from "./queue-contract.ts";
import type { Store } from "./store.ts";
import { SubscriptionRules } from "./subscription-rules.ts";
import { Topic } from "./topic.ts";

/** What an address stands for. */
export type Entity =
  | { readonly kind: "queue"; readonly queue: Queue; readonly rules: SubscriptionRules | null }
  | { readonly kind: "topic"; readonly topic: Topic }
  | { readonly kind: "hub"; readonly hub: Hub };

const DEAD_LETTERS = "/$deadletterqueue";

export class Entities {
  readonly #entities = new Map<string, Entity>();
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(config: ParsedConfig, store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    for (const queue of config.queues) this.#addQueue(queue.name, queueOptions(queue.name, queue.properties));
    for (const topic of config.topics) this.#addTopic(topic);
    for (const hub of config.eventHubs) {
      this.#entities.set(hub.name.toLowerCase(), { kind: "hub", hub: new Hub(hub, store, clock) });
    }
  }

  /** @param address - without regard to case; a leading slash and the endpoint before it are cut off */
  find(address: string): Entity | undefined {
    return this.#entities.get(normalize(address));
  }

  /** Every queue by its path: queues, subscriptions and their dead letters. */
  queues(): Queue[] {
    return [...this.#entities.values()].flatMap((entity) => (entity.kind === "queue" ? [entity.queue] : []));
  }

  hubs(): Hub[] {
    return [...this.#entities.values()].flatMap((entity) => (entity.kind === "hub" ? [entity.hub] : []));
  }

  /** @param rules - of a subscription */
  #addQueue(name: string, options: QueueOptions, rules: SubscriptionRules | null = null): Queue {
    const path = name.toLowerCase();
    const deadLetterOptions = {
      ...options,
      path: path + DEAD_LETTERS,
      requiresSession: false,
      maxDeliveryCount: 0,
      defaultTtlMs: null,
      deadLetterOnExpiration: false,
      duplicateWindowMs: null,
    };
    const deadLetters = new Queue(deadLetterOptions, this.#store, this.#clock, null);
    const queue = new Queue(options, this.#store, this.#clock, deadLetters);
    this.#entities.set(path, { kind: "queue", queue, rules });
    this.#entities.set(deadLetterOptions.path, { kind: "queue", queue: deadLetters, rules: null });
    return queue;
  }

  #addTopic(config: TopicConfig): void {
    const path = config.name.toLowerCase();
    const subscriptions = config.subscriptions.map((subscription) => {
      const name = `${path}/subscriptions/${subscription.name.toLowerCase()}`;
      const properties = {
        ...subscription.properties,
        RequiresDuplicateDetection: false,
        DuplicateDetectionHistoryTimeWindow: 0,
      };
      const rules = new SubscriptionRules(name, subscription.rules, this.#store);
      return { queue: this.#addQueue(name, queueOptions(name, properties), rules), rules };
    });
    const options = {
      duplicateWindowMs: duplicateWindowMs(config.properties),
      defaultTtlMs: config.properties.DefaultMessageTimeToLive ?? null,
    };
    const topic = new Topic(path, options, subscriptions, this.#store, this.#clock);
    this.#entities.set(path, { kind: "topic", topic });
  }
}

function normalize(address: string): string {
  return address.replace(/^\/+/, "").replace(/\/+$/, "").toLowerCase();
}

function queueOptions(name: string, properties: QueueConfig["properties"]): QueueOptions {
  return {
    path: name.toLowerCase(),
    requiresSession: properties.RequiresSession,
    lockMs: properties.LockDuration,
    maxDeliveryCount: properties.MaxDeliveryCount,
    defaultTtlMs: properties.DefaultMessageTimeToLive ?? null,
    deadLetterOnExpiration: properties.DeadLetteringOnMessageExpiration,
    duplicateWindowMs: duplicateWindowMs(properties),
  };
}

function duplicateWindowMs(
  properties: Pick<
    QueueConfig["properties"],
    "RequiresDuplicateDetection" | "DuplicateDetectionHistoryTimeWindow"
  >,
): number | null {
  return properties.RequiresDuplicateDetection ? properties.DuplicateDetectionHistoryTimeWindow : null;
}
