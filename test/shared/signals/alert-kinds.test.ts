import { describe, expect, test } from "vitest";
import { parseMonitorAlert } from "../../../shared/signals/parse.ts";

type Criterion = { metric: string; namespace: string; operator?: string; dimension?: [string, string] };

/** What a metric alert with one criterion becomes: its rule, and its kind when it is a signal. */
function readAs({ metric, namespace, operator = "GreaterThan", dimension }: Criterion) {
  const outcome = parseMonitorAlert({
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId: "/alerts/1",
        alertRule: "a rule",
        monitorCondition: "Fired",
        monitoringService: "Platform",
        firedDateTime: "2026-07-01T08:00:00Z",
      },
      alertContext: {
        condition: {
          allOf: [
            {
              metricName: metric,
              metricNamespace: namespace,
              operator,
              threshold: "1",
              metricValue: 2,
              dimensions: dimension ? [{ name: dimension[0], value: dimension[1] }] : [],
            },
          ],
        },
      },
    },
  });
  const kind = outcome.outcome === "signal" ? outcome.signals[0]?.kind : undefined;
  return { rule: outcome.rule, kind };
}

const ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";
const DEPLOYMENTS = `${ENDPOINTS}/deployments`;
const WORKSPACES = "Microsoft.MachineLearningServices/workspaces";
const SUBSCRIPTIONS = "Microsoft.Resources/subscriptions";

type Row = Criterion & { rule: string; kind: string };
const of = (namespace: string, rule: string, kind: string, more: Partial<Row>, ...metrics: string[]): Row[] =>
  metrics.map((metric) => ({ metric, namespace, rule, kind, ...more }));
const below = { operator: "LessThan" };

const rows: Row[] = [
  ...of(
    ENDPOINTS,
    "latency",
    "endpoint.slow",
    {},
    "RequestLatency",
    "RequestLatency_P50",
    "RequestLatency_P99",
  ),
  ...of(
    ENDPOINTS,
    "throttled",
    "throttling.exceeded",
    { dimension: ["statusCode", "429"] },
    "RequestsPerMinute",
  ),
  ...of(
    ENDPOINTS,
    "errors",
    "endpoint.failing",
    { dimension: ["statusCodeClass", "5xx"] },
    "RequestsPerMinute",
  ),
  ...of(
    ENDPOINTS,
    "errors",
    "endpoint.failing",
    { dimension: ["envoy_response_code", "404"] },
    "RequestsPerMinute",
  ),
  ...of(ENDPOINTS, "unused", "endpoint.unused", below, "RequestsPerMinute"),
  ...of(ENDPOINTS, "unused", "endpoint.unused", { operator: "Lower Than Or Equal" }, "RequestsPerMinute"),
  ...of(
    ENDPOINTS,
    "load",
    "endpoint.saturated",
    {},
    "RequestsPerMinute",
    "ConnectionsActive",
    "NewConnectionsPerSecond",
    "NetworkBytes",
  ),
  ...of(
    DEPLOYMENTS,
    "utilization",
    "endpoint.saturated",
    {},
    "CpuUtilizationPercentage",
    "CpuMemoryUtilizationPercentage",
    "GpuUtilizationPercentage",
    "GpuMemoryUtilizationPercentage",
    "DiskUtilization",
  ),
  ...of(DEPLOYMENTS, "instances", "capacity.insufficient", below, "DeploymentCapacity"),
  ...of(WORKSPACES, "idle", "workspace.idle", below, "Active Cores", "Active Nodes"),
  ...of(
    WORKSPACES,
    "quota",
    "capacity.insufficient",
    {},
    "Quota Utilization Percentage",
    "Unusable Cores",
    "Unusable Nodes",
    "Preempted Cores",
    "Preempted Nodes",
  ),
  ...of(
    SUBSCRIPTIONS,
    "resource-manager-throttled",
    "throttling.exceeded",
    { dimension: ["statusCode", "429"] },
    "Traffic",
  ),
  ...of(SUBSCRIPTIONS, "resource-manager-latency", "platform.unhealthy", {}, "Latency"),
];

test.each(rows)("reads $metric of $namespace by rule $rule", ({ rule, kind, ...criterion }) => {
  expect(readAs(criterion)).toEqual({ rule: `alert/platform/${rule}`, kind });
});

const IGNORED = { rule: "alert/platform", kind: undefined };

test.each(rows)("calls for nothing when a name is like $metric of $namespace and not the same", (row) => {
  expect(readAs({ ...row, metric: `My${row.metric}` })).toEqual(IGNORED);
  expect(readAs({ ...row, metric: `${row.metric}s` })).toEqual(IGNORED);
  expect(readAs({ ...row, namespace: `my.${row.namespace}` })).toEqual(IGNORED);
  expect(readAs({ ...row, namespace: `${row.namespace}s` })).toEqual(IGNORED);
});

describe("the direction of an alert", () => {
  test.each([
    { metric: "ConnectionsActive", namespace: ENDPOINTS },
    { metric: "DiskUtilization", namespace: DEPLOYMENTS },
    { metric: "Unusable Cores", namespace: WORKSPACES },
  ])("$metric below its threshold calls for nothing", (criterion) => {
    expect(readAs({ ...criterion, ...below })).toEqual(IGNORED);
  });

  test.each([
    { metric: "DeploymentCapacity", namespace: DEPLOYMENTS },
    { metric: "Active Cores", namespace: WORKSPACES },
  ])("$metric above its threshold calls for nothing", (criterion) => {
    expect(readAs(criterion)).toEqual(IGNORED);
  });
});

describe("a status", () => {
  const requests = { metric: "RequestsPerMinute", namespace: ENDPOINTS };

  test.each([
    { status: "4290", rule: "errors" },
    { status: "1429", rule: "load" },
    { status: "200", rule: "load" },
    { status: "204", rule: "load" },
    { status: "499", rule: "errors" },
  ])("of $status is read by rule $rule", ({ status, rule }) => {
    expect(readAs({ ...requests, dimension: ["statusCode", status] }).rule).toBe(`alert/platform/${rule}`);
  });

  test.each(["200", "4290", "1429"])("of %s says nothing about Resource Manager", (status) => {
    const traffic = { metric: "Traffic", namespace: SUBSCRIPTIONS };
    expect(readAs({ ...traffic, dimension: ["statusCode", status] })).toEqual(IGNORED);
  });
});

test("any metric of a network resource says that something cannot be reached", () => {
  const found = readAs({ metric: "ProbeHealth", namespace: "Microsoft.Network/privateEndpoints" });
  expect(found).toEqual({ rule: "alert/platform/network", kind: "network.unreachable" });
  expect(readAs({ metric: "ProbeHealth", namespace: "my.Microsoft.Network/x" })).toEqual(IGNORED);
});

describe("a model monitor's metric", () => {
  test("is drift of predictions where its signal is named so", () => {
    const monitored = { metric: "PopulationStabilityIndex", namespace: "modelmonitor" };
    expect(readAs({ ...monitored, dimension: ["SignalName", "prediction_drift"] })).toEqual({
      rule: "alert/platform/model-monitor",
      kind: "drift.prediction",
    });
    expect(readAs(monitored).kind).toBe("drift.data");
  });

  test("is known by its namespace, or by its name", () => {
    expect(readAs({ metric: "my own measure", namespace: "ModelMonitor" }).kind).toBe("drift.data");
    expect(readAs({ metric: "NullValueRate", namespace: "custom" }).kind).toBe("data-quality.violated");
    expect(readAs({ metric: "my own measure", namespace: "custom" })).toEqual(IGNORED);
  });
});

describe("a log alert", () => {
  const queried = (searchQuery: string) =>
    parseMonitorAlert({
      schemaId: "azureMonitorCommonAlertSchema",
      data: {
        essentials: {
          alertId: "/alerts/1",
          monitorCondition: "Fired",
          monitoringService: "Log Alerts V2",
          firedDateTime: "2026-07-01T08:00:00Z",
        },
        alertContext: { condition: { allOf: [{ searchQuery }] } },
      },
    }).rule;

  test.each([
    { where: "RequestThrottlingDelayMs > 10", rule: "traffic-log-throttling" },
    { where: "ModelStatusCode == 500", rule: "traffic-log-errors" },
    { where: "ResponseCode == 500", rule: "traffic-log-errors" },
    { where: "TotalDurationMs > 900", rule: "traffic-log-latency" },
  ])("on the traffic log with $where is read by rule $rule", ({ where, rule }) => {
    expect(queried(`AmlOnlineEndpointTrafficLog | where ${where}`)).toBe(`alert/logalertsv2/${rule}`);
    expect(queried(`AzureDiagnostics | where ${where}`)).toBe("alert/logalertsv2");
  });
});
