import type { Clock } from "../../clock.ts";
import { type Authenticate, methodNotAllowed, refusedByGateway } from "../front/arm-request.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { findResource, type MeteredResource } from "./catalogue.ts";
import type { SeriesOf } from "./metric-source.ts";
import { localizable, namespaceOf, primaryOf, toMetrics } from "./metrics-answer.ts";
import { badRequest, checkNamespace, MetricsQueryError, readQuery } from "./query.ts";

export interface MetricsOptions {
  readonly seriesOf: SeriesOf;
  readonly clock: Clock;
  readonly location: string;
  readonly authenticate: Authenticate;
}

/** `GET {resource}/providers/Microsoft.Insights/` and `metrics`, `metricDefinitions` or `metricNamespaces`. */
export function createMetricsApi(options: MetricsOptions) {
  const { clock, location, authenticate } = options;
  const kinds: Readonly<Record<string, (request: ServiceRequest, resource: MeteredResource) => object>> = {
    metrics: list,
    metricdefinitions: definitions,
    metricnamespaces: (_, resource) => namespaces(resource),
  };

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const lower = request.segments.map((segment) => segment.toLowerCase());
    const provider = lower.lastIndexOf("microsoft.insights");
    const [kind = "", ...rest] = lower.slice(provider + 1);
    const answer = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (provider < 1 || rest.length > 0 || !answer) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (request.method !== "GET") return methodNotAllowed(request.method);
    const resource = findResource(request.segments.slice(0, provider - 1));
    if (!resource) return badRequest(`No metrics are simulated for the resource of '${request.path}'.`);
    try {
      return { status: 200, body: answer(request, resource) };
    } catch (error) {
      if (error instanceof MetricsQueryError) return badRequest(error.message);
      throw error;
    }
  }

  function list(request: ServiceRequest, resource: MeteredResource): object {
    const query = readQuery(request.query, resource, clock.now());
    const { span, interval } = query;
    const timespan = `${new Date(span.start).toISOString()}/${new Date(span.end).toISOString()}`;
    const value = toMetrics(options, resource, query);
    return { cost: 0, timespan, interval, namespace: namespaceOf(resource), resourceregion: location, value };
  }

  return handle;
}

function definitions({ query }: ServiceRequest, resource: MeteredResource): object {
  checkNamespace(query, resource);
  return {
    value: resource.metrics.map((metric) => ({
      id: `${resource.id}/providers/microsoft.insights/metricdefinitions/${metric.name}`,
      resourceId: resource.id,
      namespace: namespaceOf(resource),
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

/** A resource has the platform's own metrics alone: nobody sends others here. */
function namespaces(resource: MeteredResource): object {
  const namespace = namespaceOf(resource);
  // A name has no slash, as it is a part of the id.
  const name = namespace.replaceAll("/", "-");
  const value = [
    {
      id: `${resource.id}/providers/microsoft.insights/metricNamespaces/${name}`,
      type: "Microsoft.Insights/metricNamespaces",
      name,
      classification: "Platform",
      properties: { metricNamespaceName: namespace },
    },
  ];
  return { value };
}
