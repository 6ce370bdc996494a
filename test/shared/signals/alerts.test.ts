import { describe, expect, test } from "vitest";
import { readMoney } from "../../../shared/signals/budget-alert.ts";
import { parseBudgetAlert, parseMonitorAlert } from "../../../shared/signals/parse.ts";
import type { Signal } from "../../../shared/signals/signal.ts";
import { fixture } from "./fixtures.ts";

const WORKSPACE =
  "/subscriptions/s/resourcegroups/g/providers/microsoft.machinelearningservices/workspaces/w";

function alert(criterion: object, essentials: object = {}, customProperties: unknown = null) {
  return {
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId: "/alerts/1",
        alertRule: "rule",
        severity: "Sev1",
        monitorCondition: "Fired",
        monitoringService: "Platform",
        alertTargetIDs: [`${WORKSPACE}/onlineendpoints/e`],
        firedDateTime: "2026-07-01T08:00:00",
        ...essentials,
      },
      alertContext: { condition: { windowSize: "PT5M", allOf: [criterion] } },
      customProperties,
    },
  };
}

function only(payload: unknown): Signal {
  const outcome = parseMonitorAlert(payload);
  if (outcome.outcome !== "signal" || !outcome.signals[0]) throw new Error(JSON.stringify(outcome));
  return outcome.signals[0];
}

const namespace = (...parts: string[]) =>
  ["Microsoft.MachineLearningServices/workspaces", ...parts].join("/");
const requests = (dimension: string, value: string | number) => ({
  metricName: "RequestsPerMinute",
  metricNamespace: namespace("onlineEndpoints"),
  operator: "GreaterThan",
  dimensions: [{ name: dimension, value }],
});

describe("a metric alert", () => {
  const ENDPOINT = namespace("onlineEndpoints");
  const DEPLOYMENT = namespace("onlineEndpoints", "deployments");
  test.each([
    { criterion: { metricName: "RequestLatency_P95", metricNamespace: ENDPOINT }, kind: "endpoint.slow" },
    { criterion: requests("statusCodeClass", "5xx"), kind: "endpoint.failing" },
    { criterion: requests("modelStatusCode", 500), kind: "endpoint.failing" },
    { criterion: requests("statusCode", "429"), kind: "throttling.exceeded" },
    { criterion: requests("deployment", "blue"), kind: "endpoint.saturated" },
    {
      criterion: { metricName: "RequestsPerMinute", metricNamespace: ENDPOINT, operator: "LessThan" },
      kind: "endpoint.unused",
    },
    {
      criterion: {
        metricName: "CpuUtilizationPercentage",
        metricNamespace: DEPLOYMENT,
        operator: "GreaterThan",
      },
      kind: "endpoint.saturated",
    },
    {
      criterion: { metricName: "DeploymentCapacity", metricNamespace: DEPLOYMENT, operator: "LessThan" },
      kind: "capacity.insufficient",
    },
    {
      criterion: { metricName: "Active Cores", metricNamespace: namespace(), operator: "LessThanOrEqual" },
      kind: "workspace.idle",
    },
    {
      criterion: {
        metricName: "Quota Utilization Percentage",
        metricNamespace: namespace(),
        operator: "GreaterThan",
      },
      kind: "capacity.insufficient",
    },
    {
      criterion: {
        metricName: "Traffic",
        metricNamespace: "microsoft.resources/subscriptions",
        dimensions: [{ name: "StatusCode", value: "429" }],
      },
      kind: "throttling.exceeded",
    },
    {
      criterion: { metricName: "NullValueRate", metricNamespace: "ModelMonitor" },
      kind: "data-quality.violated",
    },
    {
      criterion: { searchQuery: "AmlOnlineEndpointTrafficLog | summarize sum(RequestThrottlingDelayMs)" },
      kind: null,
    },
  ])("on $criterion.metricName $criterion.operator is $kind", ({ criterion, kind }) => {
    if (kind === null) expect(parseMonitorAlert(alert(criterion)).outcome).toBe("ignored");
    else expect(only(alert(criterion))).toMatchObject({ kind, state: "raised", severity: 1 });
  });

  test("names endpoint, deployment, figures and window", () => {
    expect(only(fixture("alert-common-metric-multi-dimension-ml-endpoint-fired-derived"))).toMatchObject({
      severity: 1,
      occurredAt: "2025-04-15T18:17:12.851Z",
      subject: { endpoint: "fraud-scoring", deployment: "blue" },
      evidence: {
        measurements: [{ metric: "RequestsPerMinute", value: 42.5, threshold: 10, window: "PT5M" }],
      },
    });
  });

  test("is one signal when several action groups send it, and another when it resolves", () => {
    const fired = only(alert(requests("statusCode", "503")));
    expect(only(alert(requests("statusCode", "503"), { alertId: "/ALERTS/1" })).id).toBe(fired.id);
    const resolved = only(alert(requests("statusCode", "503"), { monitorCondition: "Resolved" }));
    expect(resolved).toMatchObject({ state: "cleared" });
    expect(resolved.id).not.toBe(fired.id);
  });

  test("is of the kind and model that its rule's author states, whatever the metric", () => {
    const custom = { "outerloop.kind": "throttling.exceeded", "outerloop.model": "weather" };
    const signal = only(alert({ searchQuery: "anything" }, { monitoringService: "Log Alerts V2" }, custom));
    expect(signal).toMatchObject({
      kind: "throttling.exceeded",
      subject: { model: "weather", endpoint: "e" },
    });
  });

  test("is refused without a date, naming the field", () => {
    expect(parseMonitorAlert(alert({}, { firedDateTime: null }))).toMatchObject({
      outcome: "rejected",
      field: "data.essentials.firedDateTime",
    });
  });
});

test.each([
  {
    query: "AmlOnlineEndpointTrafficLog | summarize sum(RequestThrottlingDelayMs)",
    kind: "throttling.exceeded",
  },
  { query: "AmlOnlineEndpointTrafficLog | summarize count() by ModelStatusCode", kind: "endpoint.failing" },
  { query: "AmlOnlineEndpointTrafficLog | summarize percentile(TotalDurationMs, 95)", kind: "endpoint.slow" },
])("reads a log alert over the traffic log as $kind", ({ query, kind }) => {
  expect(only(alert({ searchQuery: query }, { monitoringService: "Log Alerts V2" })).kind).toBe(kind);
});

describe("a budget's alert", () => {
  const budget = (data: object) => ({
    schemaId: "AIP Budget Notification",
    data: { BudgetName: "team", ...data },
  });

  test("carries tier, spend and currency", () => {
    const outcome = parseBudgetAlert(fixture("alert-common-budget-actual-cost-fired"));
    expect(outcome).toMatchObject({
      signals: [
        {
          subject: { budget: "Test_actual_cost_budget" },
          occurredAt: "2025-04-15T17:53:32.996Z",
          evidence: {
            measurements: [{ metric: "cost", value: 11111, threshold: 25, unit: "USD", group: "50%" }],
            facts: { tierPercent: "50", thresholdType: "Actual", budgetAmount: "50" },
          },
        },
      ],
    });
  });

  test.each([
    { threshold: "8000.0", tier: "80" },
    { threshold: "0.8", tier: "80" },
    { threshold: "10000", tier: "100" },
  ])("of a threshold of $threshold in 10000 is the tier of $tier%", ({ threshold, tier }) => {
    const data = { Budget: "10000", NotificationThresholdAmount: threshold, SpendingAmount: "9000" };
    const outcome = parseBudgetAlert(budget(data), new Date("2026-07-01T00:00:00Z"));
    expect(outcome).toMatchObject({ signals: [{ evidence: { facts: { tierPercent: tier } } }] });
  });

  test("is one signal within a month for one tier, and others for the next month and tier", () => {
    const id = (threshold: string, day: string) => {
      const data = { Budget: "100", NotificationThresholdAmount: threshold };
      const outcome = parseBudgetAlert(budget(data), new Date(day));
      return outcome.outcome === "signal" ? outcome.signals[0]?.id : outcome;
    };
    expect(id("50", "2026-07-01")).toBe(id("50", "2026-07-31"));
    expect(id("50", "2026-08-01")).not.toBe(id("50", "2026-07-31"));
    expect(id("80", "2026-07-01")).not.toBe(id("50", "2026-07-01"));
  });

  test("is refused without a budget's name, naming the field", () => {
    expect(parseBudgetAlert({ schemaId: "AIP Budget Notification", data: {} })).toMatchObject({
      outcome: "rejected",
      field: "data.BudgetName",
    });
  });

  test.each([
    ["4.4e-323", 4.4e-323],
    ["1e21", 1e21],
    ["1e999", null],
    ["4.4-323", null],
    ["$11,111.00", 11111],
    ["1.111,32 €", 1111.32],
    ["1111.32", 1111.32],
    ["10,000", 10000],
    ["1,5", 1.5],
    ["-$3.00", -3],
    ["", null],
    ["free", null],
  ])("reads %j as %d", (text, amount) => {
    expect(readMoney(text)).toBe(amount);
  });
});

test("a severity that is the name of an object's own member is an unknown one", () => {
  const alert = JSON.parse(JSON.stringify(fixture("alert-common-activitylog-security-fired-derived")));
  alert.data.alertContext.properties.severity = "__proto__";
  const parsed = parseMonitorAlert(alert);
  expect(parsed).toMatchObject({ outcome: "signal", signals: [{ kind: "api.threatened", severity: 2 }] });
});
