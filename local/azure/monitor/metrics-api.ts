import type { Clock } from "../../clock.ts";
import { methodNotAllowed, refusedByGateway } from "../front/arm-request.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { findResource, type MeteredResource } from "./catalogue.ts";
import type { MetricDefinition } from "./metric.ts";
import type { SeriesOf } from "./metric-source.ts";
import { badRequest, type MetricsQuery, MetricsQueryError, readQuery } from "./query.ts";
import type { Aggregate, Point, Series } from "./series.ts";

export interface MetricsOptions {
  readonly seriesOf: SeriesOf;
  readonly clock: Clock;
  readonly location: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
}

const NAMESPACE = "Microsoft.MachineLearningServices";

/** `GET {resource}/providers/Microsoft.Insights/metrics` and `metricDefinitions`. */
export function createMetricsApi({ seriesOf, clock, location, authenticate }: MetricsOptions) {
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
      const series = seriesOf(resource, metric, { ...query, now: clock.now() });
      return toMetric(resource, metric, series.slice(0, top), aggregates ?? [primaryOf(metric)]);
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

const primaryOf = ({ primary }: MetricDefinition): Aggregate => primary ?? "average";

function toData({ timeStamp, values }: Point, aggregates: readonly Aggregate[]): Record<string, unknown> {
  const shown = values ? aggregates.map((aggregate) => [aggregate, values[aggregate]] as const) : [];
  return { timeStamp: new Date(timeStamp).toISOString(), ...Object.fromEntries(shown) };
}

function definitions(resource: MeteredResource): Record<string, unknown> {
  return {
    value: resource.metrics.map((metric) => ({
      id: `${resource.id}/providers/microsoft.insights/metricdefinitions/${metric.name}`,
      resourceId: resource.id,
      namespace: `${NAMESPACE}/${resource.resourceType}`,
      name: localizable(metric.name),
      displayDescription: metric.description,
      isDimensionRequired: false,
      unit: metric.unit,
      primaryAggregationType: primaryOf(metric) === "total" ? "Total" : "Average",
      supportedAggregationTypes: ["Average", "Minimum", "Maximum", "Total", "Count"],
      dimensions: Object.keys(metric.dimensions).map(localizable),
      metricAvailabilities: [{ timeGrain: "PT1M", retention: "P93D" }],
    })),
  };
}

function localizable(value: string): { value: string; localizedValue: string } {
  return { value, localizedValue: value };
}
