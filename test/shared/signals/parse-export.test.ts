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

test("reads a record whose category is called its type", () => {
  const { category, ...record } = traffic({ EndpointName: "shop" });
  expect(parseExport({ ...record, type: category }).requests).toHaveLength(1);
  expect(parseExport({ ...record, type: category, category: "Other" })).toMatchObject({
    requests: [],
    skipped: 1,
  });
});

test("refuses properties that only look like JSON, by name, and reads the records beside them", () => {
  const batch = parseExport({
    records: [traffic({}, { properties: "{'EndpointName': 'shop'}" }), traffic({})],
  });
  expect(batch.requests).toHaveLength(1);
  expect(batch.outcomes).toMatchObject([{ outcome: "rejected", field: "properties" }]);
});

test("refuses one bad record by name and reads the others, in lines of JSON too", () => {
  const bad = { category: "AmlOnlineEndpointTrafficLog", time: "never", resourceId: "x" };
  const good = (fixture(TRAFFIC) as { records: unknown[] }).records[0];
  const batch = parseExport(`${JSON.stringify(bad)}\n${JSON.stringify(good)}\nnot json`);
  expect(batch.requests).toHaveLength(1);
  expect(batch.outcomes).toMatchObject([{ outcome: "rejected", field: "time" }, { outcome: "rejected" }]);
});

const ENDPOINT =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/shop";

const traffic = (properties: object, change: object = {}) => ({
  category: "AmlOnlineEndpointTrafficLog",
  time: "2026-07-01T08:00:00Z",
  resourceId: ENDPOINT,
  properties,
  ...change,
});

test("a request waits as long as its request and its response were throttled, and needs no deployment", () => {
  const properties = { RequestThrottlingDelayMs: 30, ResponseThrottlingDelayMs: "12" };
  expect(parseExport(traffic(properties)).requests).toEqual([
    {
      endpoint: "shop",
      deployment: "",
      resourceId: ENDPOINT,
      at: "2026-07-01T08:00:00.000Z",
      responseCode: null,
      modelStatusCode: null,
      totalMs: null,
      throttlingMs: 42,
      requestId: undefined,
    },
  ]);
});

test.each([
  {
    record: traffic({}, { time: "soon" }),
    field: "time",
    reason: 'time: expected a date such as 2026-01-31T08:00:00Z, found "soon"',
  },
  {
    record: traffic({}, { resourceId: "/subscriptions/s" }),
    field: "properties.EndpointName",
    reason: "expected an endpoint, found nothing",
  },
  { record: traffic({}, { resourceId: " " }), field: "resourceId", reason: expect.any(String) },
  { record: traffic({}, { properties: "text" }), field: "properties", reason: expect.any(String) },
])("a request without its $field is refused", ({ record, field, reason }) => {
  expect(parseExport(record).outcomes).toEqual([
    { outcome: "rejected", rule: "export/traffic-log", field, reason },
  ]);
});

describe("a minute's latency", () => {
  const minute = (change: object = {}) => ({
    time: "2026-07-01T08:00:00Z",
    resourceId: `${ENDPOINT}/deployments/blue`,
    metricName: "requestlatency_p95",
    average: 87.5,
    ...change,
  });

  test("is of its deployment, or of the whole endpoint", () => {
    const batch = parseExport([minute(), minute({ resourceId: ENDPOINT, average: "90" })]);
    expect(batch).toEqual({
      requests: [],
      latencies: [
        {
          metric: "RequestLatency_P95",
          endpoint: "shop",
          deployment: "blue",
          at: "2026-07-01T08:00:00.000Z",
          p95Ms: 87.5,
        },
        {
          metric: "RequestLatency_P95",
          endpoint: "shop",
          deployment: "",
          at: "2026-07-01T08:00:00.000Z",
          p95Ms: 90,
        },
      ],
      inferences: [],
      outcomes: [],
      skipped: 0,
    });
  });

  test("exported by a data collection rule tells its deployment as a dimension, in keys of another case", () => {
    const record = { time: "2026-07-01T08:00:00Z", resourceId: ENDPOINT, metricName: "RequestLatency_P95" };
    const read = (more: object) => parseExport([{ ...record, Average: 90, ...more }]).latencies[0];
    expect(read({ dimension: { deployment: "blue" } })).toMatchObject({ deployment: "blue", p95Ms: 90 });
    expect(read({ dimension: { Deployment: "blue" } })?.deployment).toBe("blue");
    expect(read({ dimension: {} })?.deployment).toBe("");
    expect(read({ dimension: "none" })?.deployment).toBe("");
    const own = { resourceId: `${ENDPOINT}/deployments/green`, dimension: { deployment: "blue" } };
    expect(read(own)?.deployment).toBe("green");
  });

  test.each([
    { why: "without requests", change: { average: null } },
    { why: "of a workspace", change: { resourceId: ENDPOINT.replace(/\/onlineEndpoints.*/, "") } },
    { why: "of another percentile", change: { metricName: "RequestLatency_P99" } },
    { why: "of a longer name", change: { metricName: "RequestLatency_P95_Total" } },
    { why: "of a name with a prefix", change: { metricName: "Old_RequestLatency_P95" } },
  ])("$why says nothing", ({ change }) => {
    expect(parseExport(minute(change))).toMatchObject({ latencies: [], outcomes: [], skipped: 1 });
  });

  test("without a time is refused", () => {
    expect(parseExport(minute({ time: undefined })).outcomes).toMatchObject([
      { outcome: "rejected", rule: "export/metric", field: "time" },
    ]);
  });
});

test("an inference among the records is read as one", () => {
  const record = {
    type: "azureml.inference.outputs",
    source: ENDPOINT,
    time: "2026-07-01T08:00:00Z",
    correlationid: "r",
    data: [1],
  };
  const batch = parseExport([
    record,
    { ...record, type: "azureml.inference.inputs" },
    { ...record, data: [] },
  ]);
  expect(batch.inferences).toMatchObject([{ endpoint: "shop", values: [1] }]);
  expect(batch.skipped).toBe(1);
  expect(batch.outcomes).toMatchObject([{ outcome: "rejected", rule: "inference", field: "data" }]);
});

describe("a message", () => {
  test.each(["lines", "a list"])("of ten thousand records is read, and of one more refused: %s", (form) => {
    const read = (count: number) => {
      const records = Array.from({ length: count }, () => ({ category: "Other" }));
      return parseExport(form === "lines" ? records.map((one) => JSON.stringify(one)).join("\n") : records);
    };
    expect(read(10_000)).toMatchObject({ outcomes: [], skipped: 10_000 });
    const tooMany = {
      outcome: "rejected",
      rule: "export",
      field: "records",
      reason: "expected at most 10000 records, found 10001: none of them was read",
    };
    expect(read(10_001)).toMatchObject({ outcomes: [tooMany], skipped: 0 });
    expect(read(10_001).outcomes).toEqual([tooMany]);
  });

  test("may have blank lines", () => {
    expect(parseExport('\n{"category":"A"}\n  \n{"category":"B"}\n')).toMatchObject({
      outcomes: [],
      skipped: 2,
    });
  });

  test("has records that are objects", () => {
    expect(parseExport([7]).outcomes).toEqual([
      { outcome: "rejected", rule: "export", field: "", reason: "expected a record, found 7" },
    ]);
  });

  test("has records of a category or of none, which calls for nothing", () => {
    expect(parseExport([{}, { type: "Other/subAssessments/more" }])).toMatchObject({
      requests: [],
      inferences: [],
      outcomes: [],
      skipped: 2,
    });
  });
});

describe("a resource's health", () => {
  const health = (properties: unknown, change: object = {}) => ({
    category: "ResourceHealth",
    time: "2026-07-01T08:00:00Z",
    resourceId: "/subscriptions/s/vm",
    properties,
    ...change,
  });

  test("that turned bad is a signal with both states and its cause", () => {
    const properties = {
      currentHealthStatus: "Unavailable",
      previousHealthStatus: "Available",
      cause: "PlatformInitiated",
    };
    expect(parseExport(health(JSON.stringify(properties))).outcomes).toMatchObject([
      {
        outcome: "signal",
        rule: "export/resource-health",
        signals: [
          {
            id: expect.stringMatching(/^platform\.unhealthy:[0-9a-f]{32}$/),
            kind: "platform.unhealthy",
            state: "raised",
            severity: 1,
            subject: { resource: "/subscriptions/s/vm" },
            evidence: {
              facts: { current: "Unavailable", previous: "Available", cause: "PlatformInitiated" },
            },
          },
        ],
      },
    ]);
  });

  test("that its own users turned off calls for nothing; that they turned it on is told", () => {
    const read = (currentHealthStatus: string) =>
      parseExport(health({ currentHealthStatus, cause: "UserInitiated" })).outcomes;
    expect(read("Unavailable")).toMatchObject([{ outcome: "ignored" }]);
    expect(read("Available")).toMatchObject([{ signals: [{ state: "cleared" }] }]);
  });

  test.each([
    { status: "Unknown", word: "Unknown" },
    { status: "x".repeat(50), word: "x".repeat(40) },
    { status: undefined, word: "nothing" },
  ])("of $word calls for nothing", ({ status, word }) => {
    expect(parseExport(health({ currentHealthStatus: status })).outcomes).toEqual([
      {
        outcome: "ignored",
        rule: "export/resource-health",
        reason: `a health of ${word} calls for nothing`,
      },
    ]);
  });

  test("without a time is refused", () => {
    expect(parseExport(health({}, { time: null })).outcomes).toMatchObject([
      { outcome: "rejected", rule: "export/resource-health", field: "time" },
    ]);
  });
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
