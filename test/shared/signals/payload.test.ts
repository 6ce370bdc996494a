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
