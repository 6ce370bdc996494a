/**
 * AMQP 1.0 encodings as bytes (part 1, type system): finds where values end, so that what a sender wrote can be
 * stored and sent on as it is. Decoding and encoding again would lose number types (int, long, double).
 */
import rhea from "rhea";
import { BrokerError } from "./errors.ts";

/** Bytes that are not a complete AMQP message: the sender gets a rejection, the connection stays. */
export class AmqpDecodeError extends BrokerError {
  override name = "AmqpDecodeError";
}

/** Section descriptors of part 3 of the standard. */
export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  footer: 0x78,
} as const;

export interface Section {
  readonly code: number;
  /** Descriptor and value. */
  readonly bytes: Buffer;
  /** The value alone, its constructor included. */
  readonly value: Buffer;
}

const SMALL_ULONG = 0x53;
const ULONG = 0x80;
const MAP8 = 0xc1;
const MAP32 = 0xd1;
const BINARY8 = 0xa0;
const BINARY32 = 0xb0;

/** Splits an encoded message into its sections, in their order. */
export function splitSections(message: Buffer): Section[] {
  const sections: Section[] = [];
  for (let at = 0; at < message.length; ) {
    const valueAt = valueEnd(message, at + 1);
    const end = valueEnd(message, valueAt);
    const code = descriptor(message, at);
    sections.push({ code, bytes: message.subarray(at, end), value: message.subarray(valueAt, end) });
    at = end;
  }
  return sections;
}

function descriptor(message: Buffer, at: number): number {
  if (message[at] !== 0)
    throw new AmqpDecodeError(`Byte ${at} starts no section, expected a descriptor (0x00).`);
  if (message[at + 1] === SMALL_ULONG) return message.readUInt8(at + 2);
  if (message[at + 1] === ULONG) return Number(message.readBigUInt64BE(at + 2));
  throw new AmqpDecodeError(`The section at byte ${at} has a descriptor of another type than ulong.`);
}

/** Where the value that starts at `at` ends. The high half of a constructor tells its width. */
function valueEnd(bytes: Buffer, at: number): number {
  const end = unboundedEnd(bytes, at);
  if (end > bytes.length) {
    throw new AmqpDecodeError(
      `The value at byte ${at} ends at ${end}, after the message's ${bytes.length} bytes.`,
    );
  }
  return end;
}

const FIXED_WIDTHS: Readonly<Record<number, number>> = { 4: 0, 5: 1, 6: 2, 7: 4, 8: 8, 9: 16 };

function unboundedEnd(bytes: Buffer, at: number): number {
  const code = bytes[at];
  if (code === undefined) return bytes.length + 1;
  if (code === 0) return valueEnd(bytes, valueEnd(bytes, at + 1));
  const kind = code >>> 4;
  const width = FIXED_WIDTHS[kind];
  if (width !== undefined) return at + 1 + width;
  if (kind < 0xa) throw new AmqpDecodeError(`Byte ${at} is 0x${code.toString(16)}, no AMQP type.`);
  const isSmall = kind % 2 === 0;
  if (at + (isSmall ? 2 : 5) > bytes.length) return bytes.length + 1;
  return isSmall ? at + 2 + bytes.readUInt8(at + 1) : at + 5 + bytes.readUInt32BE(at + 1);
}

/** The payload of a binary value, as in a data section. */
export function binaryOf(value: Buffer): Buffer {
  if (value[0] === BINARY8) return value.subarray(2);
  if (value[0] === BINARY32) return value.subarray(5);
  throw new AmqpDecodeError("A data section holds something other than binary.");
}

/** The entries of an encoded map, each key and value as bytes, by key. Keys are strings or symbols. */
export function mapEntries(map: Buffer): Map<string, Buffer> {
  const isSmall = map[0] === MAP8;
  if (!isSmall && map[0] !== MAP32) throw new AmqpDecodeError("Annotations or properties are no map.");
  const entries = new Map<string, Buffer>();
  for (let at = isSmall ? 3 : 9; at < map.length; ) {
    const keyEnd = valueEnd(map, at);
    const end = valueEnd(map, keyEnd);
    entries.set(keyText(map.subarray(at, keyEnd)), map.subarray(at, end));
    at = end;
  }
  return entries;
}

/** Strings and symbols: one or four bytes of length, then the text. */
function keyText(key: Buffer): string {
  return key.toString("utf8", key[0] === 0xa1 || key[0] === 0xa3 ? 2 : 5);
}

/** A section holding a map with these entries. */
export function mapSection(code: number, entries: ReadonlyMap<string, Buffer>): Buffer {
  const content = Buffer.concat([...entries.values()]);
  const head = Buffer.alloc(12);
  head.set([0, SMALL_ULONG, code, MAP32]);
  head.writeUInt32BE(content.length + 4, 4);
  head.writeUInt32BE(entries.size * 2, 8);
  return Buffer.concat([head, content]);
}

/** Encodes a map's values as rhea would, and hands back its entries as bytes. */
export function encodeEntries(values: Readonly<Record<string, unknown>>): Map<string, Buffer> {
  const sections = splitSections(rhea.message.encode({ application_properties: values, body: null }));
  const section = sections.find((each) => each.code === SECTION.applicationProperties);
  return section ? mapEntries(section.value) : new Map();
}
