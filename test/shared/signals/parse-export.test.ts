import { describe, expect, test } from "vitest";
import { parseExport } from "../../../shared/signals/parse-export.ts";
import { fixture, fixtureNames } from "./fixtures.ts";

/** Requests, outcomes and skipped records of each payload of Event Hubs. */
const COUNTS: Record<string, [requests: number, outcomes: string[], skipped: number]> = {
  "defender-subassessment-container-image-vulnerability": [0, ["ignored"], 0],
  "eventhub-activitylog-policy-batch": [0, [], 1],
  "eventhub-activitylog-resource-health-batch": [0, ["signal"], 0],
  "eventhub-aml-allmetrics-derived": [0, [], 7],
  "eventhub-aml-compute-job-event-derived": [0, [], 3],
  "eventhub-aml-online-endpoint-console-log-derived": [0, [], 3],
  "eventhub-aml-online-endpoint-traffic-log-derived": [3, [], 0],
  "eventhub-defender-assessment": [0, ["ignored"], 0],
  "eventhub-diagnostic-metrics-batch": [0, [], 2],
  "eventhub-diagnostic-resource-logs-batch": [0, [], 2],
  "eventhub-metrics-dcr-export-array": [0, [], 2],
  "eventhub-resource-log-string-properties": [0, [], 1],
};

describe("every fixture has its outcome", () => {
  test("and none is forgotten", () => {
    const names = fixtureNames.filter((name) => /^(eventhub|defender)-/.test(name));
    expect(Object.keys(COUNTS).sort()).toEqual(names.sort());
  });

  test.each(Object.entries(COUNTS))("%s: %j", (name, [requests, outcomes, skipped]) => {
    const batch = parseExport(fixture(name));
    expect(batch.requests).toHaveLength(requests);
    expect(batch.outcomes.map(({ outcome }) => outcome)).toEqual(outcomes);
    expect(batch.skipped).toBe(skipped);
  });
});

const TRAFFIC = "eventhub-aml-online-endpoint-traffic-log-derived";

test("reads a request of the traffic log with its codes and times", () => {
  expect(parseExport(fixture(TRAFFIC)).requests[0]).toMatchObject({
    endpoint: "my-endpoint",
    deployment: "blue",
    at: "2024-03-05T08:14:22.611Z",
    responseCode: 200,
    modelStatusCode: 200,
    totalMs: 43,
    throttlingMs: 0,
    requestId: "9c1d2c7e-2b36-4a58-9a1c-7e19c5f6f8a1",
  });
});

test("reads a record whose properties are JSON text, whatever the case of their keys", () => {
  const record = {
    time: "2024-03-05 08:14:22",
    resourceId:
      "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/W/ONLINEENDPOINTS/E1",
    category: "amlonlineendpointtrafficlog",
    properties: '{"responsecode":"429","REQUESTTHROTTLINGDELAYMS":"12"}',
  };
  expect(parseExport(record).requests[0]).toMatchObject({
    endpoint: "E1",
    at: "2024-03-05T08:14:22.000Z",
    responseCode: 429,
    modelStatusCode: null,
    throttlingMs: 12,
  });
});

test("refuses one bad record by name and reads the others, in lines of JSON too", () => {
  const bad = { category: "AmlOnlineEndpointTrafficLog", time: "never", resourceId: "x" };
  const good = (fixture(TRAFFIC) as { records: unknown[] }).records[0];
  const batch = parseExport(`${JSON.stringify(bad)}\n${JSON.stringify(good)}\nnot json`);
  expect(batch.requests).toHaveLength(1);
  expect(batch.outcomes).toMatchObject([{ outcome: "rejected", field: "time" }, { outcome: "rejected" }]);
});

describe("a finding of Defender", () => {
  const finding = (code: string) => {
    const [published] = fixture("defender-subassessment-container-image-vulnerability") as [
      { properties: object },
    ];
    return { ...published, properties: { ...published.properties, status: { code, severity: "High" } } };
  };

  test.each([
    { code: "Unhealthy", state: "raised" },
    { code: "Healthy", state: "cleared" },
  ])("that is $code is a vulnerable image, $state", ({ code, state }) => {
    const [outcome] = parseExport(finding(code)).outcomes;
    expect(outcome).toMatchObject({
      outcome: "signal",
      signals: [
        {
          kind: "image.vulnerable",
          state,
          severity: 1,
          subject: {
            image:
              "ptebic.azurecr.io/public/azureml/aifx/stable-ubuntu2004-cu117-py39-torch200@" +
              "sha256:4af8e6f002401a965bbe753a381af308b40d8947fad2b9e1f6a369aa81abee59",
          },
        },
      ],
    });
  });
});
