import { expect, test } from "vitest";
import { fromCloudEvent, SignalEventError, toCloudEvent } from "../../../shared/signals/cloud-event.ts";
import { signalOf } from "../policy/given.ts";

const signal = signalOf("drift.data");

test("carries a signal as CloudEvents 1.0 and back, through JSON", () => {
  const event = toCloudEvent(signal);
  expect(event).toMatchObject({
    specversion: "1.0",
    id: "drift.data:1",
    type: "outerloop.signal.drift.data",
    source: "/outerloop/doors/test",
    subject: "model:weather-max",
    time: "2026-07-01T11:59:00.000Z",
  });
  expect(fromCloudEvent(JSON.parse(JSON.stringify(event)))).toEqual(signal);
});

test.each([
  { field: "id", change: { id: "x".repeat(129) } },
  { field: "type", change: { type: "outerloop.signal.unheard-of" } },
  { field: "time", change: { time: "yesterday" } },
  { field: "data.severity", change: { data: { ...toCloudEvent(signal).data, severity: 5 } } },
])("refuses an event whose $field is wrong, by name", ({ field, change }) => {
  const read = () => fromCloudEvent({ ...toCloudEvent(signal), ...change });
  expect(read).toThrow(SignalEventError);
  expect(read).toThrow(`at '${field}'`);
  expect(read).toThrow("Expected CloudEvents 1.0 as the doors publish it.");
  expect(read).toThrow(expect.objectContaining({ name: "SignalEventError", details: { field } }));
});

test.each([null, 7, "text", []])("refuses %j", (event) => {
  expect(() => fromCloudEvent(event)).toThrow("cannot be read at '(root)': Invalid input");
});

test("fills in what a signal may leave out", () => {
  const { evidence: _, ...data } = toCloudEvent(signal).data;
  const bare = { ...toCloudEvent(signal), data: { ...data, evidence: {} } };
  expect(fromCloudEvent(bare).evidence).toEqual({ measurements: [], facts: {} });
});
