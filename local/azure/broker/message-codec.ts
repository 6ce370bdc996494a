/** Reads what the broker must know of a message, and writes what a receiver must see; the rest stays as sent. */
import { randomUUID } from "node:crypto";
import rhea from "rhea";
import {
  AmqpDecodeError,
  binaryOf,
  encodeEntries,
  mapEntries,
  mapSection,
  SECTION,
  type Section,
  splitSections,
} from "./amqp-bytes.ts";

/** Message format of a batch: each data section holds one encoded message. */
export const BATCH_FORMAT = 0x80013700;

/** A message as its sender wrote it, and the fields that the broker acts on. */
export interface Envelope {
  /** The encoded message. */
  readonly raw: Buffer;
  readonly messageId: string;
  readonly sessionId: string | null;
  readonly partitionKey: string | null;
  readonly ttlMs: number | null;
  /** Milliseconds since the epoch. */
  readonly scheduledFor: number | null;
}

/** What the broker adds to a message for one delivery. Plain numbers would lose their type: wrap them. */
export interface Added {
  readonly delivery_count?: number;
  /** Milliseconds, in place of the sender's. */
  readonly ttl?: number;
  readonly delivery_annotations?: Readonly<Record<string, unknown>>;
  readonly message_annotations: Readonly<Record<string, unknown>>;
}

/** The messages in one transfer: one, or those of a batch (whose own annotations only repeat the first one's). */
export function unpackTransfer(payload: Buffer, format: number): Buffer[] {
  if (format !== BATCH_FORMAT) return [payload];
  const data = splitSections(payload).filter((section) => section.code === SECTION.data);
  if (data.length === 0)
    throw new AmqpDecodeError("A batch holds no data section, expected one for each message.");
  return data.map((section) => binaryOf(section.value));
}

const BROKER_READS = new Set<number>([SECTION.header, SECTION.messageAnnotations, SECTION.properties]);

/**
 * @param needsId - whether a message without an id gets one: queues settle by it, events go without
 * @throws {AmqpDecodeError} when the bytes are no AMQP message
 */
export function readEnvelope(bytes: Buffer, needsId: boolean): Envelope {
  const sections = splitSections(bytes);
  const known = rhea.message.decode(join(sections.filter((section) => BROKER_READS.has(section.code))));
  const annotations: Record<string, unknown> = known.message_annotations ?? {};
  const hasId = known.message_id !== undefined && known.message_id !== null && known.message_id !== "";
  const messageId = hasId ? idText(known.message_id) : randomUUID().replaceAll("-", "");
  const partitionKey = annotations["x-opt-partition-key"];
  return {
    raw: hasId || !needsId ? bytes : join(withMessageId(sections, known, messageId)),
    messageId,
    sessionId: known.group_id === undefined || known.group_id === null ? null : String(known.group_id),
    partitionKey: typeof partitionKey === "string" ? partitionKey : null,
    ttlMs: typeof known.ttl === "number" ? known.ttl : null,
    scheduledFor: epochMs(annotations["x-opt-scheduled-enqueue-time"]),
  };
}

function join(sections: readonly Section[]): Buffer {
  return Buffer.concat(sections.map((section) => section.bytes));
}

function idText(id: unknown): string {
  return Buffer.isBuffer(id) ? id.toString("hex") : String(id);
}

function epochMs(value: unknown): number | null {
  if (value instanceof Date) return value.getTime();
  return typeof value === "number" ? value : null;
}

/** The properties section has fixed types, so that encoding it again loses nothing. */
function withMessageId(sections: readonly Section[], known: object, messageId: string): Section[] {
  const { message_annotations: _, ...properties } = { message_annotations: null, ...known };
  const encoded = rhea.message.encode({ ...properties, message_id: messageId, body: null });
  const added = splitSections(encoded).filter((section) => section.code === SECTION.properties);
  return [
    ...sections.filter((section) => section.code < SECTION.properties),
    ...added,
    ...sections.filter((section) => section.code > SECTION.properties),
  ];
}

/** The message as a receiver gets it: header and annotations of the broker, everything else as the sender wrote it. */
export function composeDelivery(raw: Buffer, added: Added): Buffer {
  const sections = splitSections(raw);
  const header = sections.find((section) => section.code === SECTION.header);
  const sent = header ? rhea.message.decode(header.bytes) : {};
  const head: Buffer[] = [];
  const annotations = new Map<string, Buffer>();
  const encoded = splitSections(rhea.message.encode({ ...sent, ...added, body: null }));
  for (const section of [...sections, ...encoded]) {
    if (section.code !== SECTION.messageAnnotations) continue;
    for (const [key, bytes] of mapEntries(section.value)) annotations.set(key, bytes);
  }
  for (const section of encoded) {
    if (section.code === SECTION.header || section.code === SECTION.deliveryAnnotations)
      head.push(section.bytes);
  }
  const rest = sections.filter((section) => section.code >= SECTION.properties);
  return Buffer.concat([...head, mapSection(SECTION.messageAnnotations, annotations), join(rest)]);
}

/** Sets application properties, as abandoning and dead-lettering may; the sender's others keep their bytes. */
export function withApplicationProperties(raw: Buffer, added: Readonly<Record<string, unknown>>): Buffer {
  if (Object.keys(added).length === 0) return raw;
  const sections = splitSections(raw);
  const sent = sections.find((section) => section.code === SECTION.applicationProperties);
  const entries = new Map([...(sent ? mapEntries(sent.value) : []), ...encodeEntries(added)]);
  return Buffer.concat([
    join(sections.filter((section) => section.code < SECTION.applicationProperties)),
    mapSection(SECTION.applicationProperties, entries),
    join(sections.filter((section) => section.code > SECTION.applicationProperties)),
  ]);
}
