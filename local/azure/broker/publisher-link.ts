/** Links on which clients send: unpacks what comes, hands it to the entity, answers once it is on disk. */
import type { EventContext, Receiver } from "rhea";
import { AmqpDecodeError } from "./amqp-bytes.ts";
import type { Hub } from "./hub.ts";
import { type Envelope, readEnvelope, unpackTransfer } from "./message-codec.ts";
import type { Queue } from "./queue.ts";
import type { Done } from "./queue-contract.ts";
import { type Refusal, refusals } from "./refusal.ts";
import { setAttach, settleIncoming } from "./rhea-internals.ts";
import type { Topic } from "./topic.ts";

/** Bytes of one transfer: the standard tier's limits. */
export const MAX_MESSAGE_BYTES = 262_144;
const MAX_EVENTS_BYTES = 1_048_576;
/** Transfers under way for each link; below rhea's buffer of 2048. */
const CREDIT = 1000;

/** Takes the messages of one transfer in, together. */
type Accept = (envelopes: readonly Envelope[], done: Done) => void;

export function publishToQueue(receiver: Receiver, queue: Queue): void {
  openPublisher(receiver, MAX_MESSAGE_BYTES, true, (envelopes, done) => {
    if (queue.options.requiresSession && envelopes.some((envelope) => envelope.sessionId === null)) {
      done(refusals.noSessionId());
      return;
    }
    const eachDone = whenAll(envelopes.length, done);
    for (const envelope of envelopes) queue.enqueue(envelope, eachDone);
  });
}

export function publishToTopic(receiver: Receiver, topic: Topic): void {
  openPublisher(receiver, MAX_MESSAGE_BYTES, true, (envelopes, done) => {
    const eachDone = whenAll(envelopes.length, done);
    for (const envelope of envelopes) topic.enqueue(envelope, eachDone);
  });
}

/** @param partition - the partition named in the address, `null` when the hub is to choose */
export function publishToHub(receiver: Receiver, hub: Hub, partition: number | null): void {
  openPublisher(receiver, MAX_EVENTS_BYTES, false, (envelopes, done) => {
    const key = envelopes[0]?.partitionKey ?? null;
    hub.append(partition ?? hub.choosePartition(key), envelopes, done);
  });
}

function openPublisher(receiver: Receiver, maxBytes: number, needsId: boolean, accept: Accept): void {
  receiver.set_target({ address: receiver.target.address });
  receiver.set_source({ address: receiver.source?.address ?? "" });
  setAttach(receiver, {
    max_message_size: maxBytes,
    snd_settle_mode: receiver.snd_settle_mode,
    rcv_settle_mode: receiver.rcv_settle_mode,
  });
  receiver.on("message", ({ message, delivery }: EventContext) => {
    if (!delivery) return;
    const done = (refusal?: Refusal) => {
      settleIncoming(delivery, refusal);
      receiver.add_credit(1);
    };
    const payload: unknown = message;
    if (!Buffer.isBuffer(payload)) done(refusals.undecodable("The transfer holds no message."));
    else if (payload.length > maxBytes) done(refusals.tooLarge(payload.length, maxBytes));
    else takeTransfer(payload, delivery.format, needsId, accept, done);
  });
  receiver.add_credit(CREDIT);
}

function takeTransfer(payload: Buffer, format: number, needsId: boolean, accept: Accept, done: Done): void {
  let envelopes: Envelope[];
  try {
    envelopes = unpackTransfer(payload, format).map((bytes) => readEnvelope(Buffer.from(bytes), needsId));
  } catch (error) {
    const reason =
      error instanceof AmqpDecodeError ? error.message : `The message cannot be read: ${String(error)}`;
    done(refusals.undecodable(reason));
    return;
  }
  accept(envelopes, done);
}

/** Calls `done` once, after `count` calls, with the first refusal among them. */
function whenAll(count: number, done: Done): Done {
  let left = count;
  let first: Refusal | undefined;
  return (refusal) => {
    first ??= refusal;
    left--;
    if (left === 0) done(first);
  };
}
