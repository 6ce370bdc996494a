import { describe, expect, test } from "vitest";
import { readAlert } from "../../../shared/signals/alert-schemas.ts";
import { parseMonitorAlert } from "../../../shared/signals/parse.ts";

const NOON = new Date("2026-07-01T12:00:00Z");
const ENDPOINT =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/shop";

const common = (essentials: object, more: object = {}) => ({
  schemaId: "azureMonitorCommonAlertSchema",
  data: {
    essentials: {
      alertId: "/alerts/1",
      monitoringService: "Platform",
      firedDateTime: "2026-07-01T08:00:00Z",
      ...essentials,
    },
    ...more,
  },
});

const slow = {
  metricName: "RequestLatency_P95",
  metricNamespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
};

function alert(body: Record<string, unknown>, receivedAt?: Date) {
  const read = readAlert(body, receivedAt);
  if (read === null || "field" in read) throw new Error(JSON.stringify(read));
  return read;
}

describe("the essentials of the common schema", () => {
  test.each([
    { monitorCondition: undefined, state: "raised" },
    { monitorCondition: null, state: "raised" },
    { monitorCondition: "Fired", state: "raised" },
    { monitorCondition: "Resolved", state: "cleared" },
  ])("with a condition of $monitorCondition are $state, whatever the context's status", (row) => {
    const status = row.state === "raised" ? "Resolved" : "Activated";
    const body = common({ monitorCondition: row.monitorCondition }, { alertContext: { status } });
    expect(alert(body).state).toBe(row.state);
  });

  test("may hold null, nothing at all, or the spelling of an old table", () => {
    const bare = {
      alertRule: null,
      severity: null,
      signalType: null,
      alertTargetIDs: null,
      description: null,
    };
    expect(alert(common(bare, { alertContext: null, customProperties: null }))).toMatchObject({
      rule: "",
      severity: null,
      state: "raised",
      targets: [],
      description: undefined,
      criteria: [],
    });
    expect(alert(common({ alertTargetIds: ["/a"] })).targets).toEqual(["/a"]);
  });

  test("are dated by when the alert fired, or by when it resolved if it says so", () => {
    const resolved = { monitorCondition: "Resolved" };
    expect(alert(common({ firedDateTime: "2026-07-01T08:00:00" })).occurredAt).toBe(
      "2026-07-01T08:00:00.000Z",
    );
    expect(alert(common(resolved)).occurredAt).toBe("2026-07-01T08:00:00.000Z");
    expect(alert(common({ ...resolved, resolvedDateTime: "2026-07-01T09:00:00Z" })).occurredAt).toBe(
      "2026-07-01T09:00:00.000Z",
    );
    expect(alert(common({ resolvedDateTime: "2026-07-01T09:00:00Z" })).occurredAt).toBe(
      "2026-07-01T08:00:00.000Z",
    );
  });

  test.each(["Platform", "Log Alerts V2", "Log Analytics", "Application Insights", "SmartDetector"])(
    "of %s may lack their date, because the alert's id is its own: it is then the day they came",
    (monitoringService) => {
      for (const firedDateTime of [undefined, null, ""]) {
        const read = alert(common({ monitoringService, firedDateTime }), NOON);
        expect(read.occurredAt).toBe("2026-07-01T12:00:00.000Z");
      }
    },
  );

  test.each([
    { essentials: { firedDateTime: "soon" }, receivedAt: NOON, found: '"soon"' },
    { essentials: { firedDateTime: undefined }, receivedAt: undefined, found: "nothing" },
    {
      essentials: { firedDateTime: undefined, monitoringService: "Resource Health" },
      receivedAt: NOON,
      found: "nothing",
    },
  ])("are refused for a date that is $found", ({ essentials, receivedAt, found }) => {
    expect(parseMonitorAlert(common(essentials), receivedAt)).toEqual({
      outcome: "rejected",
      rule: "alert",
      field: "data.essentials.firedDateTime",
      reason: `data.essentials.firedDateTime: expected a date such as 2026-01-31T08:00:00Z, found ${found}`,
    });
  });

  test("lend their date to no alert of the activity log: its event has one", () => {
    const body = common(
      { monitoringService: "Activity Log - Policy", firedDateTime: undefined },
      { alertContext: { eventTimestamp: "2026-07-01T07:00:00Z" } },
    );
    expect(alert(body, NOON).occurredAt).toBe("2026-07-01T07:00:00.000Z");
  });
});

describe("the conditions of the common schema", () => {
  test("may be none once they are resolved, which calls for nothing unless the rule's author says what it is", () => {
    const essentials = { monitorCondition: "Resolved", alertRule: "slow" };
    const context = { alertContext: { condition: { allOf: [] } } };
    expect(parseMonitorAlert(common(essentials, context))).toEqual({
      outcome: "ignored",
      rule: "alert/platform",
      reason: "no reaction to rule slow; the alert rule can name one with the custom property outerloop.kind",
    });
    const stated = { ...context, customProperties: { "outerloop.kind": "endpoint.slow" } };
    expect(parseMonitorAlert(common(essentials, stated))).toMatchObject({
      signals: [{ kind: "endpoint.slow", state: "cleared" }],
    });
  });

  test("hold numbers as text or as numbers, and none where nothing was measured", () => {
    const read = (criterion: object) =>
      alert(common({}, { alertContext: { condition: { allOf: [criterion] } } })).criteria[0];
    expect(read({ threshold: "0.3", metricValue: 0.5, operator: "Greater Than" })).toMatchObject({
      threshold: 0.3,
      value: 0.5,
      operator: "greaterthan",
    });
    expect(read({ threshold: 25, metricValue: null })).toMatchObject({ threshold: 25, value: null });
    expect(read({ threshold: "", metricValue: "NaN" })).toMatchObject({ threshold: null, value: null });
    expect(read({ threshold: 0, metricValue: "0" })).toMatchObject({ threshold: 0, value: 0 });
  });

  test("count for a type of condition that nobody knows yet", () => {
    const condition = { conditionType: "SomethingNew", condition: { allOf: [slow] } };
    expect(parseMonitorAlert(common({}, { alertContext: condition }))).toMatchObject({
      signals: [{ kind: "endpoint.slow" }],
    });
  });

  test("are dispatched by service, and never by the type of signal", () => {
    for (const signalType of ["Log", "ActivityLog", "Activity Log", null]) {
      const context = { alertContext: { condition: { allOf: [slow] } } };
      expect(parseMonitorAlert(common({ signalType }, context))).toMatchObject({
        rule: "alert/platform/latency",
      });
    }
  });
});

test("a search of the first generation in the common schema keeps its figures and its dimensions", () => {
  const context = {
    SearchQuery: "AmlOnlineEndpointTrafficLog | where TotalDurationMs > 900",
    ResultCount: 3,
    Threshold: 0,
    Operator: "Greater Than",
    Dimensions: [{ name: "Deployment", value: "blue" }],
  };
  const body = common({ monitoringService: "Log Analytics" }, { alertContext: context });
  expect(parseMonitorAlert(body)).toMatchObject({
    rule: "alert/loganalytics/traffic-log-latency",
    signals: [
      {
        kind: "endpoint.slow",
        subject: { deployment: "blue" },
        evidence: { measurements: [{ metric: "ResultCount", value: 3, threshold: 0 }] },
      },
    ],
  });
});

test("an alert of Prometheus is not graded by its label, and calls for what its rule's author states", () => {
  const alertContext = { labels: { severity: "critical" }, expression: "up == 0" };
  const body = common(
    { monitoringService: "Prometheus", severity: "Sev3" },
    { alertContext, customProperties: { "outerloop.kind": "endpoint.failing" } },
  );
  expect(parseMonitorAlert(body)).toMatchObject({ signals: [{ kind: "endpoint.failing", severity: 3 }] });
});

describe("a legacy metric alert", () => {
  const legacy = {
    schemaId: "AzureMonitorMetricAlert",
    data: {
      status: "Activated",
      context: {
        id: "/rules/1",
        name: "slow",
        timestamp: "2026-07-01T08:00:00Z",
        severity: "3",
        resourceId: ENDPOINT,
        condition: {
          windowSize: "PT5M",
          allOf: [{ ...slow, metricValue: null, threshold: "500", dimensions: [{ name: "d", value: 7 }] }],
        },
      },
    },
  };

  test("is read whole", () => {
    expect(parseMonitorAlert(legacy)).toMatchObject({
      signals: [
        {
          kind: "endpoint.slow",
          state: "raised",
          severity: 3,
          subject: { endpoint: "shop" },
          evidence: {
            measurements: [
              { metric: "RequestLatency_P95", value: null, threshold: 500, group: "d=7", window: "PT5M" },
            ],
          },
        },
      ],
    });
  });

  test("of 2018 wrote every key with a capital, and is the same one", () => {
    const capital = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(capital);
      if (typeof value !== "object" || value === null) return value;
      const entries = Object.entries(value).map(([key, member]) => [
        key === "name" ? key : `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
        capital(member),
      ]);
      return Object.fromEntries(entries);
    };
    const { data, schemaId } = legacy;
    const old = { schemaId, data: capital({ ...data, status: "Deactivated" }) };
    const now = { schemaId, data: { ...data, status: "Deactivated" } };
    expect(parseMonitorAlert(old)).toMatchObject({
      signals: [{ state: "cleared", subject: { endpoint: "shop" } }],
    });
    expect(parseMonitorAlert(old)).toEqual(parseMonitorAlert(now));
  });
});

test.each([
  { windowSize: "15", window: "PT15M" },
  { windowSize: 5, window: "PT5M" },
  { windowSize: "PT5M", window: "PT5M" },
  { windowSize: undefined, window: undefined },
])("a classic alert counts its window in minutes: $windowSize is $window", ({ windowSize, window }) => {
  const condition = { metricName: "Requests", metricValue: "10", threshold: "10", windowSize };
  const context = { id: "/rules/1", timestamp: "2026-07-01T08:00:00Z", condition };
  const read = alert({ status: "Resolved", context, properties: { key: { a: 1 }, team: "b" } });
  expect(read).toMatchObject({ state: "cleared", window, criteria: [{ value: 10, threshold: 10 }] });
  expect([...read.custom]).toEqual([["team", "b"]]);
});

test("a legacy search is about the resource that it names, in whatever case its keys are", () => {
  const search = {
    AlertRuleName: "errors",
    SEARCHQUERY: "AmlOnlineEndpointTrafficLog | where ModelStatusCode > 499",
    resultcount: "12",
    AlertThresholdValue: 10,
    AlertThresholdOperator: "Greater Than",
    SearchIntervalEndtimeUtc: "2026-07-01T08:00:00Z",
    Severity: "Warning",
    ResourceId: ENDPOINT,
  };
  for (const body of [search, { schemaId: "Microsoft.Insights/LogAlert", data: search }]) {
    expect(parseMonitorAlert(body)).toMatchObject({
      signals: [
        {
          kind: "endpoint.failing",
          severity: 2,
          subject: { endpoint: "shop" },
          evidence: { measurements: [{ metric: "ResultCount", value: 12, threshold: 10 }] },
        },
      ],
    });
  }
});

describe("what cannot be read is named by its whole path", () => {
  const date = (field: string, found = "nothing") => ({
    field,
    reason: `${field}: expected a date such as 2026-01-31T08:00:00Z, found ${found}`,
  });

  const rows: { body: Record<string, unknown>; field: string; reason?: string }[] = [
    {
      body: { schemaId: "AzureMonitorMetricAlert", data: { context: { id: "1" } } },
      ...date("data.context.timestamp"),
    },
    {
      body: { status: "Activated", context: { id: "1", timestamp: "soon" } },
      ...date("context.timestamp", '"soon"'),
    },
    {
      body: { schemaId: "Microsoft.Insights/activityLogs", data: {} },
      ...date("data.context.activityLog.eventTimestamp"),
    },
    {
      body: { schemaId: "Microsoft.Insights/LogAlert", data: { AlertRuleName: "r" } },
      ...date("data.SearchIntervalEndtimeUtc"),
    },
    { body: { AlertRuleName: "r" }, ...date("SearchIntervalEndtimeUtc") },
    {
      body: { properties: { essentials: { alertRule: "r" } } },
      ...date("properties.essentials.startDateTime"),
    },
    { body: { schemaId: "AzureMonitorMetricAlert", data: {} }, field: "data.context.id" },
    { body: { status: "Activated", context: {} }, field: "context.id" },
    { body: { schemaId: "Microsoft.Insights/LogAlert", data: {} }, field: "data.AlertRuleName" },
    { body: { AlertRuleName: 7 }, field: "AlertRuleName" },
    { body: { properties: { essentials: {} } }, field: "properties.essentials.alertRule" },
  ];

  test.each(rows)("$field", ({ body, field, reason = expect.stringContaining(`${field}: `) }) => {
    expect(parseMonitorAlert(body, NOON)).toEqual({ outcome: "rejected", rule: "alert", field, reason });
  });
});
