import { describe, expect, test } from "vitest";
import { parseModelEvent } from "../../../shared/signals/parse.ts";

const VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm";

const read = (name: string, properties: unknown, change: object = {}) =>
  parseModelEvent({
    id: "event-1",
    topic: "/subscriptions/s",
    subject: "/subscriptions/s/the/subject",
    eventType: `Microsoft.ResourceNotifications.HealthResources.${name}`,
    eventTime: "2026-07-01T08:00:00Z",
    data: { resourceInfo: { properties } },
    ...change,
  });

describe("an availability that changed", () => {
  const changed = (properties: object, change?: object) =>
    read("AvailabilityStatusChanged", { targetResourceId: VM, ...properties }, change);

  test.each([
    { availabilityState: "Unavailable", state: "raised" },
    { availabilityState: "degraded", state: "raised" },
    { availabilityState: "Available", state: "cleared" },
  ])("to $availabilityState is $state", ({ availabilityState, state }) => {
    expect(
      changed({
        availabilityState,
        previousAvailabilityState: "Unknown",
        occurredTime: "2026-07-01T07:00:00Z",
      }),
    ).toMatchObject({
      outcome: "signal",
      rule: "health/availability-changed",
      signals: [
        {
          kind: "platform.unhealthy",
          state,
          severity: 1,
          subject: { resource: VM },
          occurredAt: "2026-07-01T07:00:00.000Z",
          evidence: { facts: { current: availabilityState, previous: "Unknown" } },
          source: { door: "model-events", id: "event-1" },
        },
      ],
    });
  });

  test("is about the event's subject and time where its properties name neither", () => {
    expect(read("AvailabilityStatusChanged", { availabilityState: "Unavailable" })).toMatchObject({
      signals: [
        { subject: { resource: "/subscriptions/s/the/subject" }, occurredAt: "2026-07-01T08:00:00.000Z" },
      ],
    });
  });

  test("has an id of its resource, state and time, whichever event tells it", () => {
    const idOf = (properties: object, change?: object) => {
      const outcome = changed({ occurredTime: "2026-07-01T07:00:00Z", ...properties }, change);
      return outcome.outcome === "signal" ? outcome.signals[0]?.id : undefined;
    };
    const first = idOf({ availabilityState: "Unavailable" });
    expect(first).toMatch(/^platform\.unhealthy:[0-9a-f]{32}$/);
    expect(idOf({ availabilityState: "Unavailable" }, { id: "event-2" })).toBe(first);
    expect(idOf({ availabilityState: "Unavailable", targetResourceId: VM.toUpperCase() })).toBe(first);
    expect(idOf({ availabilityState: "Available" })).not.toBe(first);
    expect(idOf({ availabilityState: "Unavailable", occurredTime: "2026-07-01T07:00:01Z" })).not.toBe(first);
  });

  test.each([
    { availabilityState: "Unknown", word: "Unknown" },
    { availabilityState: "x".repeat(50), word: "x".repeat(40) },
    { availabilityState: undefined, word: "nothing" },
  ])("to $word calls for nothing", ({ availabilityState, word }) => {
    expect(changed({ availabilityState })).toEqual({
      outcome: "ignored",
      rule: "health/availability-changed",
      reason: `an availability of ${word} calls for nothing`,
    });
  });
});

describe("an annotation", () => {
  const annotated = (properties: object, change?: object) =>
    read("ResourceAnnotated", { targetResourceId: VM, ...properties }, change);

  test("of the platform's doing is a signal with its reason", () => {
    const properties = {
      context: "Platform Initiated",
      annotationName: "VirtualMachineHostRebooted",
      reason: "Unplanned",
      summary: "The host was rebooted.",
    };
    expect(annotated(properties)).toMatchObject({
      outcome: "signal",
      rule: "health/resource-annotated",
      signals: [
        {
          id: expect.stringMatching(/^platform\.unhealthy:[0-9a-f]{32}$/),
          kind: "platform.unhealthy",
          state: "raised",
          severity: 2,
          subject: { resource: VM },
          occurredAt: "2026-07-01T08:00:00.000Z",
          evidence: {
            facts: {
              annotation: "VirtualMachineHostRebooted",
              reason: "Unplanned",
              summary: "The host was rebooted.",
            },
          },
          source: {
            door: "model-events",
            type: "Microsoft.ResourceNotifications.HealthResources.ResourceAnnotated",
            id: "event-1",
          },
        },
      ],
    });
  });

  test("is about the event's subject where its properties name no resource", () => {
    expect(read("ResourceAnnotated", { context: "platform initiated" })).toMatchObject({
      signals: [{ subject: { resource: "/subscriptions/s/the/subject" } }],
    });
  });

  test.each([
    { properties: { context: "Customer Initiated", annotationName: "Restarted" }, word: "Restarted" },
    { properties: { context: "Customer Initiated", annotationName: "x".repeat(99) }, word: "x".repeat(60) },
    { properties: {}, word: "the annotation" },
  ])("of somebody else's calls for nothing: $word", ({ properties, word }) => {
    expect(annotated(properties)).toEqual({
      outcome: "ignored",
      rule: "health/resource-annotated",
      reason: `${word} was not initiated by the platform`,
    });
  });
});

test.each(["AvailabilityStatusChanged", "ResourceAnnotated"])(
  "%s without its resource is refused",
  (name) => {
    expect(read(name, undefined, { data: {} })).toMatchObject({
      outcome: "rejected",
      rule: name === "ResourceAnnotated" ? "health/resource-annotated" : "health/availability-changed",
      field: "data.resourceInfo",
    });
  },
);
