import { describe, expect, test } from "vitest";
import { readEnvelope } from "../../../shared/signals/event-envelope.ts";

const TIME = "2026-07-01T08:00:00Z";

function envelope(event: Record<string, unknown>) {
  const read = readEnvelope(event);
  if (!read.success) throw read.error;
  return read.data;
}

const wrongField = (event: Record<string, unknown>) => readEnvelope(event).error?.issues[0]?.path.join(".");

describe("an event in Event Grid's schema", () => {
  const event = { id: "1", topic: "/t", subject: "s", eventType: "A.B", eventTime: TIME, data: { a: 1 } };

  test("is read field by field", () => {
    expect(envelope(event)).toEqual({
      id: "1",
      source: "/t",
      subject: "s",
      type: "A.B",
      time: TIME,
      data: { a: 1 },
    });
  });

  test("may lack its topic, its subject and its data, and hold data as JSON text", () => {
    expect(envelope({ id: "1", eventType: "A.B" })).toMatchObject({ source: "", subject: "" });
    expect(envelope({ id: "1", eventType: "A.B", source: "/s" }).source).toBe("/s");
    expect(envelope({ ...event, source: "/s", data: '{"a":2}' })).toMatchObject({
      source: "/t",
      data: { a: 2 },
    });
  });

  test("is that also when it names a type beside its event type", () => {
    expect(envelope({ ...event, type: "C.D", time: "soon" })).toMatchObject({ type: "A.B", time: TIME });
  });
});

describe("a CloudEvent", () => {
  const event = { id: "1", source: "/t", subject: "s", type: "A.B", time: TIME, data: { a: 1 } };

  test("is read field by field", () => {
    expect(envelope(event)).toEqual({
      id: "1",
      source: "/t",
      subject: "s",
      type: "A.B",
      time: TIME,
      data: { a: 1 },
    });
  });

  test("may lack its source and its subject", () => {
    expect(envelope({ id: "1", type: "A.B" })).toMatchObject({ source: "", subject: "" });
  });

  test("may hold its data in base64, in UTF-8", () => {
    // {"a":"é"}
    expect(envelope({ ...event, data_base64: "eyJhIjoiw6kifQ==" }).data).toEqual({ a: "é" });
  });

  test("is refused when its base64 is longer than an event can be", () => {
    expect(wrongField({ ...event, data_base64: "a".repeat(2_000_001) })).toBe("data_base64");
    expect(wrongField({ ...event, data_base64: "a".repeat(2_000_000) })).toBeUndefined();
  });
});

test("an event without either type is refused as one of Event Grid's", () => {
  expect(wrongField({ id: "1" })).toBe("eventType");
  expect(wrongField({ id: "1", type: "" })).toBe("type");
  expect(wrongField({ type: "A.B" })).toBe("id");
});
