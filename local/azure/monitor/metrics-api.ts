import type { Clock } from "../../clock.ts";
import { methodNotAllowed, refusedByGateway } from "../front/arm-request.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { findResource, type MeteredResource, type MetricDefinition } from "./catalogue.ts";
import { badRequest, type MetricsQuery, MetricsQueryError, readQuery } from "./query.ts";
import { type Aggregate, type Point, type Series, toSeries } from "./series.ts";
import type { RequestStore } from "./store.ts";

export interface MetricsOptions {
  readonly store: RequestStore;
  readonly clock: Clock;
  readonly location: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
}

const NAMESPACE = "Microsoft.MachineLearningServices";

/** `GET {resource}/providers/Microsoft.Insights/metrics` and `metricDefinitions`. */
export function createMetricsApi({ store, clock, location, authenticate }: MetricsOptions) {
  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const lower = request.segments.map((segment) => segment.toLowerCase());
    const provider = lower.lastIndexOf("microsoft.insights");
    const [kind, ...rest] = lower.slice(provider + 1);
    if (provider < 1 || rest.length > 0 || (kind !== "metrics" && kind !== "metricdefinitions"))
      return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (request.method !== "GET") return methodNotAllowed(request.method);
    const resource = findResource(request.segments.slice(0, provider - 1));
    if (!resource) return badRequest(`No metrics are simulated for the resource of '${request.path}'.`);
    return kind === "metrics" ? list(request, resource) : { status: 200, body: definitions(resource) };
  }

  function list(request: ServiceRequest, resource: MeteredResource): ServiceAnswer {
    try {
      const query = readQuery(request.query, resource, clock.now());
      return { status: 200, body: toResponse(resource, query) };
    } catch (error) {
      if (error instanceof MetricsQueryError) return badRequest(error.message);
      throw error;
    }
  }

  function toResponse(resource: MeteredResource, query: MetricsQuery): Record<string, unknown> {
    const { span, interval, aggregates, metrics, top } = query;
    const value = metrics.map((metric) => {
      const series = toSeries(store.of(resource, query.span), metric, { ...query, now: clock.now() });
      return toMetric(resource, metric, series.slice(0, top), aggregates);
    });
    const timespan = `${new Date(span.start).toISOString()}/${new Date(span.end).toISOString()}`;
    const namespace = `${NAMESPACE}/${resource.resourceType}`;
    return { cost: 0, timespan, interval, namespace, resourceregion: location, value };
  }

  return handle;
}

function toMetric(
  resource: MeteredResource,
  { name, unit, description }: MetricDefinition,
  series: readonly Series[],
  aggregates: readonly Aggregate[],
): Record<string, unknown> {
  return {
    id: `${resource.id}/providers/Microsoft.Insights/metrics/${name}`,
    type: "Microsoft.Insights/metrics",
    name: localizable(name),
    displayDescription: description,
    unit,
    errorCode: "Success",
    timeseries: series.map(({ dimensions, points }) => ({
      metadatavalues: Object.entries(dimensions).map(([key, value]) => ({ name: localizable(key), value })),
      data: points.map((point) => toData(point, aggregates)),
    })),
  };
}

function toData({ timeStamp, values }: Point, aggregates: readonly Aggregate[]): Record<string, unknown> {
  const shown = values ? aggregates.map((aggregate) => [aggregate, values[aggregate]] as const) : [];
  return { timeStamp: new Date(timeStamp).toISOString(), ...Object.fromEntries(shown) };
}

function definitions(resource: MeteredResource): Record<string, unknown> {
  return {
    value: resource.metrics.map(({ name, unit, description, dimensions }) => ({
      id: `${resource.id}/providers/microsoft.insights/metricdefinitions/${name}`,
      resourceId: resource.id,
      namespace: `${NAMESPACE}/${resource.resourceType}`,
      name: localizable(name),
      displayDescription: description,
      isDimensionRequired: false,
      unit,
      primaryAggregationType: "Average",
      supportedAggregationTypes: ["Average", "Minimum", "Maximum", "Total", "Count"],
      dimensions: Object.keys(dimensions).map(localizable),
      metricAvailabilities: [{ timeGrain: "PT1M", retention: "P93D" }],
    })),
  };
}

function localizable(value: string): { value: string; localizedValue: string } {
  return { value, localizedValue: value };
}
