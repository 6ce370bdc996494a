/** Which node an attach is for: the addresses of Service Bus and Event Hubs. */
import type { Receiver, Sender } from "rhea";
import type { Clock } from "../../clock.ts";
import { answerTokens } from "./cbs.ts";
import { consumeQueue } from "./consumer-link.ts";
import type { Entities, Entity } from "./entities.ts";
import { HubConsumers } from "./hub-consumer-link.ts";
import { hubManagement } from "./hub-management.ts";
import { queueManagement, topicManagement } from "./management.ts";
import { publishToHub, publishToQueue, publishToTopic } from "./publisher-link.ts";
import { refusals } from "./refusal.ts";
import { refuseLink } from "./refuse-link.ts";
import { type Answer, openReplies, openRequests } from "./request-reply.ts";

const CBS = "$cbs";
const MANAGEMENT = /^(?:(?<entity>.+)\/)?\$management$/i;
const HUB_PARTITION = /^(?<hub>.+?)(?:\/ConsumerGroups\/(?<group>[^/]+))?\/Partitions\/(?<partition>[^/]+)$/i;

export class Links {
  readonly #entities: Entities;
  readonly #clock: Clock;
  readonly #hubConsumers: HubConsumers;

  constructor(entities: Entities, clock: Clock) {
    this.#entities = entities;
    this.#clock = clock;
    this.#hubConsumers = new HubConsumers(clock);
  }

  /** A client wants to send. */
  openReceiver(receiver: Receiver): void {
    const address = trimmed(receiver.target?.address);
    const management = MANAGEMENT.exec(address);
    if (address === CBS) openRequests(receiver, answerTokens);
    else if (management) this.#openManagement(receiver, management.groups?.entity, address);
    else this.#openPublisher(receiver, address);
  }

  /** A client wants to receive. */
  openSender(sender: Sender): void {
    const address = trimmed(sender.source?.address);
    if (address === CBS || MANAGEMENT.test(address)) {
      openReplies(sender);
      return;
    }
    const entity = this.#entities.find(address);
    const place = HUB_PARTITION.exec(address)?.groups;
    const hub = place?.hub === undefined ? undefined : this.#entities.find(place.hub);
    if (entity?.kind === "queue") consumeQueue(sender, entity.queue, this.#clock);
    else if (hub?.kind === "hub" && place?.group !== undefined && place.partition !== undefined) {
      this.#hubConsumers.open(sender, hub.hub, place.group, place.partition);
    } else refuseLink(sender, refusals.notFound(address));
  }

  #openManagement(receiver: Receiver, name: string | undefined, address: string): void {
    const answer = name === undefined ? hubManagement(this.#entities) : this.#managementOf(name);
    if (answer) openRequests(receiver, answer);
    else refuseLink(receiver, refusals.notFound(address));
  }

  #managementOf(name: string): Answer | undefined {
    const entity = this.#entities.find(name);
    if (entity?.kind === "queue") return queueManagement(entity.queue, entity.rules);
    if (entity?.kind === "topic") return topicManagement(entity.topic);
    return entity && hubManagement(this.#entities);
  }

  #openPublisher(receiver: Receiver, address: string): void {
    const place = HUB_PARTITION.exec(address)?.groups;
    const entity = this.#entities.find(address) ?? this.#entities.find(place?.hub ?? "");
    if (entity?.kind === "queue" && !takesMessages(entity)) {
      refuseLink(receiver, refusals.notAllowed(NOT_SENT_TO));
    } else if (entity?.kind === "queue") publishToQueue(receiver, entity.queue);
    else if (entity?.kind === "topic") publishToTopic(receiver, entity.topic);
    else if (!entity) refuseLink(receiver, refusals.notFound(address));
    else if (place?.partition === undefined) publishToHub(receiver, entity.hub, null);
    else if (!entity.hub.hasPartition(place.partition)) {
      refuseLink(receiver, refusals.noPartition(entity.hub.name, place.partition));
    } else publishToHub(receiver, entity.hub, Number(place.partition));
  }
}

const NOT_SENT_TO =
  "Messages cannot be sent to a subscription, which gets them from its topic, nor to a dead-letter queue.";

function takesMessages({ queue, rules }: Entity & { kind: "queue" }): boolean {
  return rules === null && queue.deadLetters !== null;
}

function trimmed(address: string | undefined | null): string {
  return (address ?? "").replace(/^\/+/, "").replace(/\/+$/, "");
}
