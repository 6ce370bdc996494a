import type { TokenCredential } from "@azure/identity";
import { type Metric, MetricsQueryClient } from "@azure/monitor-query";
import type { Config } from "../config.ts";
import { RETRY_OPTIONS, withinTimeout } from "./options.ts";

/** What one deployment served over a while, as Azure Monitor counts it. */
export interface DeploymentTraffic {
  readonly requests: number;
  /** Share of requests answered 4xx or 5xx, 0 to 1; 0 without requests. */
  readonly errorRate: number;
  /** 95th percentile of the latency in milliseconds, the worst minute; null without requests. */
  readonly p95Ms: number | null;
}

/** Azure Monitor keeps endpoint metrics by the minute. */
const GRAIN = "PT1M";
const MINUTE_MS = 60_000;

/** Platform metrics of managed online endpoints. */
export class EndpointMetrics {
  readonly #client: MetricsQueryClient;
  readonly #workspaceId: string;

  constructor(config: Pick<Config, "workspace" | "resourceManager">, credential: TokenCredential) {
    this.#workspaceId = config.workspace.id.replace(/^\//, "");
    this.#client = new MetricsQueryClient(credential, {
      endpoint: config.resourceManager,
      audience: config.resourceManager,
      retryOptions: RETRY_OPTIONS,
    });
  }

  /** Whole minutes that touch the window; there is no error-rate metric, so it is computed from the status classes. */
  async ofDeployment(endpoint: string, deployment: string, from: Date, to: Date): Promise<DeploymentTraffic> {
    const resource = `${this.#workspaceId}/onlineEndpoints/${endpoint}`;
    const startTime = new Date(Math.floor(from.getTime() / MINUTE_MS) * MINUTE_MS);
    const options = { timespan: { startTime, endTime: to }, granularity: GRAIN } as const;
    const [counts, latency] = await Promise.all([
      this.#client.queryResource(resource, ["RequestsPerMinute"], {
        ...options,
        aggregations: ["Average"],
        filter: `deployment eq '${deployment}' and statusCodeClass eq '*'`,
        abortSignal: withinTimeout(),
      }),
      this.#client.queryResource(resource, ["RequestLatency_P95"], {
        ...options,
        aggregations: ["Average"],
        filter: `deployment eq '${deployment}'`,
        abortSignal: withinTimeout(),
      }),
    ]);
    const byClass = requestsByClass(counts.metrics);
    const requests = Object.values(byClass).reduce((sum, count) => sum + count, 0);
    const failed = (byClass["4xx"] ?? 0) + (byClass["5xx"] ?? 0);
    const latencies = latency.metrics
      .flatMap((metric) => metric.timeseries)
      .flatMap((series) => series.data ?? [])
      .flatMap((point) => (point.average === undefined ? [] : [point.average]));
    return {
      requests,
      errorRate: requests === 0 ? 0 : failed / requests,
      p95Ms: latencies.length === 0 ? null : Math.max(...latencies),
    };
  }
}

/** RequestsPerMinute at a grain of one minute is that minute's count, so the sum over minutes is the requests. */
function requestsByClass(metrics: readonly Metric[]): Record<string, number> {
  const byClass: Record<string, number> = {};
  for (const series of metrics.flatMap((metric) => metric.timeseries)) {
    const statusClass =
      series.metadataValues?.find(({ name }) => name?.toLowerCase() === "statuscodeclass")?.value ??
      "unknown";
    const count = (series.data ?? []).reduce((sum, point) => sum + (point.average ?? 0), 0);
    byClass[statusClass] = (byClass[statusClass] ?? 0) + count;
  }
  return byClass;
}
