import type { ScoredRequest } from "../service.ts";
import { type MetricDefinition, type RequestMetric, told } from "./metric.ts";
import { NOT_MEASURED_OF_WORKSPACES, WORKSPACE } from "./workspace-metrics.ts";

const deployment = { deployment: (request: ScoredRequest) => request.deployment };
const statuses = {
  statusCode: (request: ScoredRequest) => String(request.statusCode),
  statusCodeClass: (request: ScoredRequest) => `${Math.floor(request.statusCode / 100)}xx`,
  modelStatusCode: (request: ScoredRequest) =>
    request.modelStatusCode === undefined ? "" : String(request.modelStatusCode),
};
const envoy = { envoy_response_code: (request: ScoredRequest) => String(request.statusCode) };

const percentiles = (dimensions: RequestMetric["dimensions"]): RequestMetric[] =>
  [50, 90, 95, 99].map((percentile) => ({
    name: `RequestLatency_P${percentile}`,
    unit: "Milliseconds",
    description: `The ${percentile}th percentile of the time taken to answer a request.`,
    dimensions,
    measure: { kind: "latency-percentile", percentile: percentile / 100 },
    isExportable: true,
  }));

/** Metrics that Azure has and nothing here measures: refused by name, never shown as zero. */
export const NOT_MEASURED: readonly string[] = [
  ...NOT_MEASURED_OF_WORKSPACES,
  "ConnectionsActive",
  "NewConnectionsPerSecond",
  "DataCollectionEventsPerMinute",
  "DataCollectionErrorsPerMinute",
  "DiskUtilization",
];

const ENDPOINT: readonly MetricDefinition[] = [
  {
    name: "RequestsPerMinute",
    unit: "Count",
    description: "The number of requests sent to the online endpoint within a minute.",
    dimensions: { ...deployment, ...statuses },
    measure: { kind: "requests" },
  },
  {
    name: "RequestLatency",
    unit: "Milliseconds",
    description: "The average complete interval of time taken for a request to be responded.",
    dimensions: deployment,
    measure: { kind: "latency" },
    isExportable: true,
  },
  ...percentiles(deployment),
  {
    name: "NetworkBytes",
    unit: "BytesPerSecond",
    description: "The bytes per second of the bodies that the endpoint was sent and answered.",
    dimensions: {},
    measure: { kind: "bytes" },
  },
];

const DEPLOYMENT: readonly MetricDefinition[] = [
  {
    name: "RequestsPerMinute",
    unit: "Count",
    description: "The number of requests sent to the online deployment within a minute.",
    dimensions: envoy,
    measure: { kind: "requests" },
  },
  ...percentiles({}),
  {
    name: "DeploymentCapacity",
    unit: "Count",
    description: "The number of instances in the deployment.",
    dimensions: told("instanceId", "State"),
    measure: { kind: "level" },
  },
];

const WORKSPACE_TYPE = "workspaces";
const TYPES: Readonly<Record<string, readonly MetricDefinition[]>> = {
  [WORKSPACE_TYPE]: WORKSPACE,
  "workspaces/onlineendpoints": ENDPOINT,
  "workspaces/onlineendpoints/deployments": DEPLOYMENT,
};

/** The metrics of a type of resource, with or without `Microsoft.MachineLearningServices/` before it. */
export function metricsOf(resourceType: string): readonly MetricDefinition[] | undefined {
  return TYPES[resourceType.toLowerCase().replace(/^microsoft\.machinelearningservices\//, "")];
}

/** What metrics a resource has, and which requests count for it. */
export interface MeteredResource {
  readonly id: string;
  /** Absent when the resource is a workspace, which is not sent any. */
  readonly endpointId?: string;
  /** Present when the resource is one deployment of the endpoint. */
  readonly deployment?: string;
  readonly resourceType: string;
  readonly metrics: readonly MetricDefinition[];
}

/** Reads a resource id's segments; `undefined` for a kind of resource that has no metrics here. */
export function findResource(segments: readonly string[]): MeteredResource | undefined {
  const lower = segments.map((segment) => segment.toLowerCase());
  if (lower.at(-2) === WORKSPACE_TYPE && lower.at(-3) === "microsoft.machinelearningservices") {
    return { id: `/${segments.join("/")}`, resourceType: WORKSPACE_TYPE, metrics: WORKSPACE };
  }
  const at = lower.lastIndexOf("onlineendpoints");
  if (at < 0 || lower[at - 2] !== "workspaces" || !segments[at + 1]) return undefined;
  const id = `/${segments.join("/")}`;
  const endpointId = `/${segments.slice(0, at + 2).join("/")}`;
  const [childType, name, ...rest] = segments.slice(at + 2);
  if (childType === undefined) {
    return { id, endpointId, resourceType: "workspaces/onlineEndpoints", metrics: ENDPOINT };
  }
  if (childType.toLowerCase() !== "deployments" || !name || rest.length > 0) return undefined;
  const resourceType = "workspaces/onlineEndpoints/deployments";
  return { id, endpointId, deployment: name, resourceType, metrics: DEPLOYMENT };
}
