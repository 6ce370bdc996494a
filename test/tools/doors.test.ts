import { describe, expect, test } from "vitest";
import { readPayload, recognisedDoor } from "../../tools/doors.ts";
import { fixture } from "../shared/signals/fixtures.ts";

const now = new Date("2026-07-01T12:00:00Z");

describe("a payload's door is recognised from its body", () => {
  test.each([
    ["eventgrid-ml-model-registered", "model-events"],
    ["cloudevents-ml-model-registered", "model-events"],
    ["alert-common-metric-static-fired", "alerts"],
    ["alert-legacy-resource-health", "alerts"],
    ["alert-legacy-log-v1-number-of-results", "alerts"],
    ["alert-classic-metric-activated", "alerts"],
    ["alert-smart-detection-failure-anomalies-resolved", "alerts"],
    ["cloudevents-deadletter-envelope", "model-events"],
    ["alert-common-budget-actual-cost-fired", "budget"],
    ["alert-legacy-budget-aip", "budget"],
    ["eventhub-aml-online-endpoint-traffic-log-derived", "endpoint-traffic"],
    ["eventhub-defender-assessment", "endpoint-traffic"],
    ["acr-webhook-push", null],
  ] as const)("%s: %s", (name, door) => {
    expect(recognisedDoor(fixture(name))).toBe(door);
  });

  test.each([null, 1, "text", [], [1], {}])("and not from %j", (body) => {
    expect(recognisedDoor(body)).toBeNull();
  });
});

test("a security finding of a continuous export is recognised by its enrichment", () => {
  expect(recognisedDoor({ securityEventDataEnrichment: { isSnapshot: true } })).toBe("endpoint-traffic");
});

test("lines of JSON are an export", () => {
  const line = JSON.stringify({ category: "AmlOnlineEndpointConsoleLog", resourceId: "/r" });
  expect(readPayload(Buffer.from(`${line}\n${line}\n`), undefined, now)).toMatchObject({
    door: "endpoint-traffic",
    outcomes: [{ outcome: "ignored" }],
  });
});

test.each(["", "{", "\xff"])("what is no JSON is rejected with a reason: %j", (text) => {
  const { outcomes } = readPayload(Buffer.from(text, "latin1"), undefined, now);
  expect(outcomes).toMatchObject([{ outcome: "rejected", reason: expect.stringContaining("expected JSON") }]);
});
