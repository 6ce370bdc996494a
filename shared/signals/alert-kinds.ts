import type { Alert, Criterion } from "./alert.ts";
import { breachKind, isMonitorMetric } from "./monitor-metrics.ts";
import type { SignalKind } from "./signal.ts";

/** What a metric means for what it watches; the first row that fits decides. */
type MetricRow = {
  rule: string;
  kind: SignalKind;
  namespace: RegExp;
  metric: RegExp;
  when?: (criterion: Criterion) => boolean;
};

const ENDPOINTS = /^microsoft\.machinelearningservices\/workspaces\/onlineendpoints(\/deployments)?$/;
const WORKSPACES = /^microsoft\.machinelearningservices\/workspaces$/;
const ARM = /^microsoft\.resources\/subscriptions$/;

const isBelow = ({ operator }: Criterion) => operator.startsWith("less") || operator.startsWith("lower");

const STATUS_DIMENSIONS = ["statuscode", "statuscodeclass", "modelstatuscode", "envoy_response_code"];

const hasStatus = (pattern: RegExp) => (criterion: Criterion) =>
  STATUS_DIMENSIONS.some((name) => pattern.test(criterion.dimensions.get(name) ?? ""));

const METRIC_ROWS: readonly MetricRow[] = [
  { rule: "latency", kind: "endpoint.slow", namespace: ENDPOINTS, metric: /^RequestLatency(_P\d+)?$/i },
  {
    rule: "throttled",
    kind: "throttling.exceeded",
    namespace: ENDPOINTS,
    metric: /^RequestsPerMinute$/i,
    when: hasStatus(/^429$/),
  },
  {
    rule: "errors",
    kind: "endpoint.failing",
    namespace: ENDPOINTS,
    metric: /^RequestsPerMinute$/i,
    when: hasStatus(/^[45]/),
  },
  {
    rule: "unused",
    kind: "endpoint.unused",
    namespace: ENDPOINTS,
    metric: /^RequestsPerMinute$/i,
    when: isBelow,
  },
  {
    rule: "load",
    kind: "endpoint.saturated",
    namespace: ENDPOINTS,
    metric: /^(RequestsPerMinute|ConnectionsActive|NewConnectionsPerSecond|NetworkBytes)$/i,
    when: (criterion) => !isBelow(criterion),
  },
  {
    rule: "utilization",
    kind: "endpoint.saturated",
    namespace: ENDPOINTS,
    metric: /^((Cpu|CpuMemory|Gpu|GpuMemory)UtilizationPercentage|DiskUtilization)$/i,
    when: (criterion) => !isBelow(criterion),
  },
  {
    rule: "instances",
    kind: "capacity.insufficient",
    namespace: ENDPOINTS,
    metric: /^DeploymentCapacity$/i,
    when: isBelow,
  },
  {
    rule: "idle",
    kind: "workspace.idle",
    namespace: WORKSPACES,
    metric: /^Active (Cores|Nodes)$/i,
    when: isBelow,
  },
  {
    rule: "quota",
    kind: "capacity.insufficient",
    namespace: WORKSPACES,
    metric: /^(Quota Utilization Percentage|(Unusable|Preempted) (Cores|Nodes))$/i,
    when: (criterion) => !isBelow(criterion),
  },
  {
    rule: "resource-manager-throttled",
    kind: "throttling.exceeded",
    namespace: ARM,
    metric: /^Traffic$/i,
    when: hasStatus(/^429$/),
  },
  { rule: "resource-manager-latency", kind: "platform.unhealthy", namespace: ARM, metric: /^Latency$/i },
  { rule: "network", kind: "network.unreachable", namespace: /^microsoft\.network\//, metric: /./ },
];

export type Meaning = { rule: string; kind: SignalKind };

/** What a metric alert says. Every criterion holds, so the first that means something decides. */
export function metricMeaning({ criteria }: Alert): Meaning | null {
  for (const criterion of criteria) {
    if (criterion.webTest) return { rule: "availability-test", kind: "network.unreachable" };
    const row = METRIC_ROWS.find(({ namespace, metric, when }) => {
      return (
        namespace.test(criterion.namespace) && metric.test(criterion.metric) && (when?.(criterion) ?? true)
      );
    });
    if (row) return { rule: row.rule, kind: row.kind };
    if (criterion.namespace === "modelmonitor" || isMonitorMetric(criterion.metric)) {
      const signalName = criterion.dimensions.get("signalname") ?? "";
      return { rule: "model-monitor", kind: breachKind(criterion.metric, signalName) };
    }
  }
  return null;
}

const TRAFFIC_LOG = /AmlOnlineEndpointTrafficLog/i;

const QUERY_ROWS: readonly { rule: string; kind: SignalKind; query: RegExp }[] = [
  { rule: "traffic-log-throttling", kind: "throttling.exceeded", query: /ThrottlingDelayMs/i },
  {
    rule: "traffic-log-errors",
    kind: "endpoint.failing",
    query: /ModelStatusCode|ModelStatusReason|ResponseCode/i,
  },
  { rule: "traffic-log-latency", kind: "endpoint.slow", query: /(Total|Request|Response)DurationMs/i },
];

/** What a log alert says, by its query, as far as the endpoint traffic log goes. */
export function queryMeaning(query: string): Meaning | null {
  if (!TRAFFIC_LOG.test(query)) return null;
  return QUERY_ROWS.find((row) => row.query.test(query)) ?? null;
}
