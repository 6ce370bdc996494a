/** Links on which clients read a partition of an event hub. Outcomes change nothing: the log stays. */
import rhea, { type EventContext, type Sender } from "rhea";
import type { Clock } from "../../clock.ts";
import type { Hub, Reader } from "./hub.ts";
import { runtimeMetrics } from "./hub-management.ts";
import { composeDelivery } from "./message-codec.ts";
import { type Refusal, refusals } from "./refusal.ts";
import { refuseLink } from "./refuse-link.ts";
import { freeCredit, plain, setAttach, settleOutgoing } from "./rhea-internals.ts";
import type { EventRow } from "./store.ts";

const SELECTOR = "apache.org:selector-filter:string";
const METRICS = "com.microsoft:enable-receiver-runtime-metric";
const EPOCH = "com.microsoft:epoch";
/** Events read from the file at a time. */
const PAGE = 256;

/** Readers of one partition in one consumer group, with the epoch that each one claimed. */
type Rivals = Map<HubConsumer, number | null>;

/** Which readers there are, so that a higher epoch can send the others away. */
export class HubConsumers {
  readonly #rivals = new Map<string, Rivals>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(sender: Sender, hub: Hub, group: string, partition: string): void {
    if (!hub.hasConsumerGroup(group)) {
      refuseLink(sender, refusals.notFound(`${hub.name}/ConsumerGroups/${group}`));
      return;
    }
    if (!hub.hasPartition(partition)) {
      refuseLink(sender, refusals.noPartition(hub.name, partition));
      return;
    }
    const start = startOf(sender, hub, Number(partition));
    if (typeof start !== "number") {
      refuseLink(sender, start);
      return;
    }
    const claimed = plain(sender.properties?.[EPOCH]);
    const epoch = claimed === undefined || claimed === null ? null : Number(claimed);
    const rivals = this.#rivalsFor(`${hub.name}/${group}/${partition}`.toLowerCase());
    const highest = Math.max(-1, ...[...rivals.values()].map((each) => each ?? -1));
    if (highest > (epoch ?? -1)) {
      refuseLink(sender, refusals.stolen(epoch, highest));
      return;
    }
    if (epoch !== null) {
      for (const [rival, rivalEpoch] of rivals) rival.stop(refusals.stolen(rivalEpoch, epoch));
      rivals.clear();
    }
    const consumer = new HubConsumer(sender, hub, Number(partition), start, this.#clock);
    rivals.set(consumer, epoch);
    sender.on("sender_close", () => {
      consumer.stop();
      rivals.delete(consumer);
    });
  }

  #rivalsFor(key: string): Rivals {
    let rivals = this.#rivals.get(key);
    if (!rivals) {
      rivals = new Map();
      this.#rivals.set(key, rivals);
    }
    return rivals;
  }
}

class HubConsumer implements Reader {
  readonly #sender: Sender;
  readonly #hub: Hub;
  readonly #partition: number;
  readonly #clock: Clock;
  readonly #wantsMetrics: boolean;
  #next: number;

  constructor(sender: Sender, hub: Hub, partition: number, start: number, clock: Clock) {
    this.#sender = sender;
    this.#hub = hub;
    this.#partition = partition;
    this.#next = start;
    this.#clock = clock;
    this.#wantsMetrics = [sender.desired_capabilities].flat().some((each) => String(each) === METRICS);
    const { address, filter } = sender.source;
    sender.set_source(filter ? { address, filter } : { address });
    sender.set_target({ address: sender.target?.address ?? "" });
    setAttach(sender, {
      snd_settle_mode: sender.snd_settle_mode,
      rcv_settle_mode: sender.rcv_settle_mode,
      ...(this.#wantsMetrics ? { offered_capabilities: METRICS } : {}),
    });
    sender.on("sendable", () => this.onGrown());
    sender.on("sender_draining", () => {
      this.onGrown();
      sender.set_drained(true);
    });
    for (const outcome of ["accepted", "rejected", "released", "modified"]) {
      sender.on(outcome, ({ delivery }: EventContext) => delivery && settleOutgoing(delivery, undefined));
    }
    hub.addReader(partition, this);
  }

  onGrown(): void {
    for (let credit = freeCredit(this.#sender); credit > 0; credit = freeCredit(this.#sender)) {
      const events = this.#hub.read(this.#partition, this.#next, Math.min(credit, PAGE));
      if (events.length === 0) return;
      for (const event of events) this.#send(event);
    }
  }

  /** Reads no further; with a reason, the client is told. */
  stop(refusal?: Refusal): void {
    this.#hub.removeReader(this.#partition, this);
    if (refusal) this.#sender.close({ ...refusal });
  }

  #send(event: EventRow): void {
    const { wrap_long, wrap_timestamp } = rhea.types;
    const { seq, enqueuedAt, partitionKey } = event;
    const raw = Buffer.from(event.raw.buffer, event.raw.byteOffset, event.raw.byteLength);
    const encoded = composeDelivery(raw, {
      ...(this.#wantsMetrics
        ? { delivery_annotations: runtimeMetrics(this.#hub, this.#partition, this.#clock) }
        : {}),
      message_annotations: {
        "x-opt-sequence-number": wrap_long(seq),
        "x-opt-offset": String(seq),
        "x-opt-enqueued-time": wrap_timestamp(enqueuedAt),
        ...(partitionKey === null ? {} : { "x-opt-partition-key": partitionKey }),
      },
    });
    this.#sender.send(encoded, undefined, 0);
    this.#next = seq + 1;
  }
}

const EXPRESSION =
  /^amqp\.annotation\.x-opt-(?<field>offset|sequence-number|enqueued-time)\s*(?<operator>>=?)\s*'(?<value>[^']*)'$/;

/** Number of the first event wanted, from the selector of the link; without one, the first of all. */
function startOf(sender: Sender, hub: Hub, partition: number): number | Refusal {
  const filter: Readonly<Record<string, unknown>> = sender.source.filter ?? {};
  const selector = plain(filter[SELECTOR]);
  if (selector === undefined || selector === null) return 0;
  const { field, operator, value } = EXPRESSION.exec(String(selector).trim())?.groups ?? {};
  if (field === "offset" && value === "@latest") return hub.last(partition).seq + 1;
  const number = value === undefined || value === "" ? Number.NaN : Number(value);
  if (Number.isNaN(number)) return refusals.badSelector(String(selector));
  if (field === "enqueued-time") return hub.firstAfter(partition, operator === ">=" ? number - 1 : number);
  return Math.max(0, operator === ">=" ? number : number + 1);
}
