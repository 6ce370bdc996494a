import { expect, test } from "vitest";
import { parseAtDoor } from "../../../shared/signals/doors.ts";
import { readJson } from "../../../shared/signals/payload.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a body is read as JSON, with or without a byte order mark", () => {
  expect(readJson("alerts", bytes('{"a":1}'))).toEqual({ value: { a: 1 } });
  expect(readJson("alerts", bytes('\uFEFF{"a":1}'))).toEqual({ value: { a: 1 } });
  expect(readJson("alerts", bytes("null"))).toEqual({ value: null });
});

test.each([
  { body: bytes(""), reason: "expected JSON, found an empty body" },
  { body: bytes('{"a": 123, }'), reason: "expected JSON, found something else at position 11" },
  { body: bytes('{"a":'), reason: "expected JSON, found something else" },
  { body: new Uint8Array([0x22, 0xff, 0x22]), reason: "expected JSON, found bytes that are not UTF-8" },
])("$reason", ({ body, reason }) => {
  expect(readJson("budget", body)).toEqual({
    isOtherText: body.byteLength > 0,
    refusal: { outcome: "rejected", rule: "budget", field: "", reason },
  });
});

test.each([
  { door: "model-events", rule: "event-grid" },
  { door: "alerts", rule: "alert" },
  { door: "budget", rule: "budget" },
] as const)("the door $door refuses a list by its own rule", ({ door, rule }) => {
  const outcome = parseAtDoor(door, bytes("[]"), new Date("2026-07-01T08:00:00Z"));
  expect(outcome).toMatchObject({ outcome: "rejected", rule: expect.stringContaining(rule) });
});

test("the door of events knows which workspace is watched", () => {
  const topic = "/subscriptions/s/providers/Microsoft.MachineLearningServices/workspaces/w";
  const event = {
    id: "1",
    topic,
    eventType: "Microsoft.MachineLearningServices.RunCompleted",
    eventTime: "2026-07-01T08:00:00Z",
    data: { runId: "r" },
  };
  const read = (watched?: string) =>
    parseAtDoor("model-events", bytes(JSON.stringify(event)), new Date("2026-07-01T08:00:00Z"), watched);
  expect(read(topic).outcome).toBe("signal");
  expect(read().outcome).toBe("signal");
  expect(read(`${topic}-2`)).toMatchObject({ outcome: "ignored", rule: "ml/other-workspace" });
});

test("a door refuses what is no JSON before it reads it", () => {
  expect(parseAtDoor("model-events", bytes("text"), new Date("2026-07-01T08:00:00Z"))).toMatchObject({
    outcome: "rejected",
    rule: "model-events",
    reason: expect.stringMatching(/^expected JSON, found /),
  });
});

/** An object of so many fields, none of which is like another. */
const wide = (fields: number) =>
  `{${Array.from({ length: fields }, (_, index) => `"name ${index}":"a:b\\"c"`).join(",")}}`;

test("an object of 2,000 fields is read, wherever it is and whatever its texts hold", () => {
  const text = `{"records":[${wide(2_000)},{"a":{"b":${wide(2_000)}},"c":1}]}`;
  expect(readJson("export", bytes(text))).toEqual({ value: JSON.parse(text) });
});

test.each([
  { place: "alone", text: wide(2_001), at: 0 },
  { place: "in a list in an object", text: `{"records":[{"a":1},${wide(2_001)}]}`, at: 20 },
  {
    place: "with objects in it",
    text: wide(2_000).replace('{"name 0":', '{"first":{"a":{}},"name 0":'),
    at: 0,
  },
])("an object of 2,001 fields is refused before anything of the body is built: $place", ({ text, at }) => {
  const read = readJson("export", bytes(text));
  expect(read).toEqual({
    refusal: {
      outcome: "rejected",
      rule: "export",
      field: "",
      reason: `expected at most 2000 fields in an object, found more in the one at byte ${at}`,
    },
    isOtherText: false,
  });
});

test("a body with eight bytes for each object and list is read, and with fewer is refused", () => {
  const text = `[${'{"a":[]},'.repeat(3_000)}"${" ".repeat(21_000)}"]`;
  const body = (bytesLess: number) => bytes(text.replace(" ".repeat(bytesLess), ""));
  expect(text).toHaveLength(8 * 6_001 - 4);
  expect(readJson("export", bytes(`${text}    `))).toHaveProperty("value.length", 3_001);
  expect(readJson("export", body(1))).toMatchObject({
    refusal: {
      outcome: "rejected",
      reason: `expected at most 6000 objects and lists in ${text.length - 1} bytes, found more: the next is at byte 26997`,
    },
    isOtherText: false,
  });
});

test("what a text holds counts neither as an object nor as a list", () => {
  for (const held of ["[{:", '\\":{', '\\\\\\":[']) {
    const text = `["${held.repeat(10_000)}"]`;
    expect(readJson("export", bytes(text))).toEqual({ value: JSON.parse(text) });
  }
});

test("a long text that never ends is no JSON, and nothing else", () => {
  expect(readJson("alerts", bytes(`"${"a".repeat(20_000)}\\`))).toMatchObject({
    refusal: { reason: expect.stringMatching(/^expected JSON/) },
    isOtherText: true,
  });
});
