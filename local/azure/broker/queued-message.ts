import rhea from "rhea";
import { composeDelivery } from "./message-codec.ts";
import type { MessageRow } from "./store.ts";

/** Where a message stands. A locked message that has been deferred goes back to `deferred`, any other to `ready`. */
type MessageState = "pending" | "scheduled" | "ready" | "deferred" | "locked" | "gone";

/** One message of a queue, subscription or dead-letter queue. Times are in ms since the epoch. */
export interface QueuedMessage {
  readonly seq: number;
  readonly enqueueSeq: number;
  raw: Buffer;
  readonly messageId: string;
  readonly sessionId: string | null;
  readonly enqueuedAt: number;
  readonly expiresAt: number | null;
  readonly scheduledFor: number | null;
  readonly deadLetterSource: string | null;
  deliveryCount: number;
  deferred: boolean;
  state: MessageState;
  /** The 16 bytes of the lock, in hex; null while nobody holds one. */
  lock: string | null;
  lockedUntil: number;
  /** Stops the timer of the state it is in: activation, expiry, or the end of its lock. */
  cancelTimer: (() => void) | null;
}

/** A message handed to a receiver. */
export interface Delivery {
  /** 16 bytes; empty when the receiver deletes on receipt. */
  readonly lockToken: Buffer;
  readonly sequenceNumber: number;
  readonly encoded: Buffer;
}

export function fromRow(row: MessageRow): QueuedMessage {
  return {
    seq: row.seq,
    enqueueSeq: row.enqueueSeq,
    raw: Buffer.from(row.raw.buffer, row.raw.byteOffset, row.raw.byteLength),
    messageId: row.messageId,
    sessionId: row.sessionId,
    enqueuedAt: row.enqueuedAt,
    expiresAt: row.expiresAt,
    scheduledFor: row.scheduledFor,
    deadLetterSource: row.deadLetterSource,
    deliveryCount: row.deliveryCount,
    deferred: row.deferred === 1,
    state: "pending",
    lock: null,
    lockedUntil: 0,
    cancelTimer: null,
  };
}

export function toRow(entity: string, message: QueuedMessage): MessageRow {
  return {
    entity,
    seq: message.seq,
    enqueueSeq: message.enqueueSeq,
    raw: message.raw,
    messageId: message.messageId,
    sessionId: message.sessionId,
    enqueuedAt: message.enqueuedAt,
    expiresAt: message.expiresAt,
    scheduledFor: message.scheduledFor,
    deliveryCount: message.deliveryCount,
    deferred: message.deferred ? 1 : 0,
    locked: message.state === "locked" ? 1 : 0,
    deadLetterSource: message.deadLetterSource,
  };
}

/** AMQP carries it in 32 bits. */
const LARGEST_TTL_MS = 2 ** 32 - 1;

/** The bytes a receiver or a peek gets. Only a locked message says until when. */
export function encodeMessage(message: QueuedMessage): Buffer {
  const { wrap_long, wrap_int, wrap_timestamp } = rhea.types;
  const isLocked = message.state === "locked";
  return composeDelivery(message.raw, {
    delivery_count: message.deliveryCount,
    ...(message.expiresAt === null ? {} : { ttl: timeToLive(message, message.expiresAt) }),
    message_annotations: {
      "x-opt-sequence-number": wrap_long(message.seq),
      "x-opt-enqueue-sequence-number": wrap_long(message.enqueueSeq),
      "x-opt-enqueued-time": wrap_timestamp(message.enqueuedAt),
      "x-opt-message-state": wrap_int(message.state === "scheduled" ? 2 : message.deferred ? 1 : 0),
      ...(isLocked ? { "x-opt-locked-until": wrap_timestamp(message.lockedUntil) } : {}),
      ...(message.deadLetterSource === null ? {} : { "x-opt-deadletter-source": message.deadLetterSource }),
    },
  });
}

/** What is left of the sender's wish under the entity's limit: receivers are told how long the message really lives. */
function timeToLive({ scheduledFor, enqueuedAt }: QueuedMessage, expiresAt: number): number {
  return Math.min(expiresAt - (scheduledFor ?? enqueuedAt), LARGEST_TTL_MS);
}
