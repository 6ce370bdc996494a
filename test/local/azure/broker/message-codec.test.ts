import rhea from "rhea";
import { describe, expect, test } from "vitest";
import {
  AmqpDecodeError,
  mapEntries,
  SECTION,
  splitSections,
} from "../../../../local/azure/broker/amqp-bytes.ts";
import {
  BATCH_FORMAT,
  composeDelivery,
  readEnvelope,
  unpackTransfer,
  withApplicationProperties,
} from "../../../../local/azure/broker/message-codec.ts";

const { wrap_long, wrap_int, wrap_ulong, wrap_float } = rhea.types;

/** One entry of a section's map, as hex. */
function entryHex(message: Buffer, code: number, key: string): string | undefined {
  const section = splitSections(message).find((each) => each.code === code);
  return section && mapEntries(section.value).get(key)?.toString("hex");
}

describe("types survive", () => {
  const message = rhea.message.encode({
    message_id: "m",
    application_properties: { long: wrap_long(5), int: wrap_int(5), float: wrap_float(0.5) },
    message_annotations: { "x-own": wrap_ulong(7), "x-opt-sequence-number": wrap_int(99) },
    body: rhea.message.data_section(Buffer.from("body")),
  });
  const composed = composeDelivery(withApplicationProperties(message, { added: true }), {
    delivery_count: 2,
    message_annotations: { "x-opt-sequence-number": wrap_long(3) },
  });

  // Key as string (a1, length, text), then the value: 55 smalllong, 54 smallint, 72 float.
  test.each([
    { key: "long", hex: "a1046c6f6e675505" },
    { key: "int", hex: "a103696e745405" },
    { key: "float", hex: "a105666c6f6174723f000000" },
    { key: "added", hex: "a10561646465 6441".replace(" ", "") },
  ])("the application property $key has the bytes its sender gave it", ({ key, hex }) => {
    expect(entryHex(composed, SECTION.applicationProperties, key)).toBe(hex);
  });

  test("the broker's annotations replace the sender's of the same name, and leave the others", () => {
    // Keys as symbols (a3): 53 smallulong 7; 55 smalllong 3.
    expect(entryHex(composed, SECTION.messageAnnotations, "x-own")).toBe("a305782d6f776e5307");
    expect(entryHex(composed, SECTION.messageAnnotations, "x-opt-sequence-number")).toMatch(/5503$/);
  });

  test("the header carries the delivery count, and the body is as it was", () => {
    const decoded = rhea.message.decode(composed);
    expect(decoded.delivery_count).toBe(2);
    expect(String(decoded.body.content)).toBe("body");
  });
});

describe("reading", () => {
  test("the fields that the broker acts on are found", () => {
    const due = Date.UTC(2026, 0, 2);
    const bytes = rhea.message.encode({
      ttl: 5000,
      message_id: "m-1",
      group_id: "s-1",
      message_annotations: { "x-opt-partition-key": "p", "x-opt-scheduled-enqueue-time": new Date(due) },
      body: "x",
    });
    expect(readEnvelope(bytes, true)).toEqual({
      raw: bytes,
      messageId: "m-1",
      sessionId: "s-1",
      partitionKey: "p",
      ttlMs: 5000,
      scheduledFor: due,
    });
  });

  test("a missing id is added, and the other properties stay", () => {
    const bytes = rhea.message.encode({ subject: "s", correlation_id: "c", group_id: "g", body: "x" });
    const { raw, messageId } = readEnvelope(bytes, true);
    expect(rhea.message.decode(raw)).toMatchObject({
      message_id: messageId,
      subject: "s",
      correlation_id: "c",
      group_id: "g",
      body: "x",
    });
    expect(readEnvelope(bytes, false).raw).toBe(bytes);
  });

  test("a batch of one and a batch of two hold as many messages", () => {
    const one = rhea.message.encode({ body: rhea.message.data_section(Buffer.from("a")) });
    const two = rhea.message.encode({
      body: rhea.message.data_sections([Buffer.from("a"), Buffer.alloc(300, "b")]),
    });
    expect(unpackTransfer(one, BATCH_FORMAT).map(String)).toEqual(["a"]);
    expect(unpackTransfer(two, BATCH_FORMAT).map(String)).toEqual(["a", "b".repeat(300)]);
  });

  test("every beginning of a message is either read or refused, never a crash", () => {
    const whole = rhea.message.encode({ message_id: "m", application_properties: { a: 1 }, body: "text" });
    for (let length = 0; length < whole.length; length++) {
      try {
        splitSections(whole.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(AmqpDecodeError);
      }
    }
  });
});
