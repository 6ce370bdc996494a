import type { ServiceAnswer } from "../service.ts";
import { type MeteredResource, NOT_MEASURED } from "./catalogue.ts";
import { type DimensionFilter, parseFilter } from "./filter.ts";
import type { MetricDefinition } from "./metric.ts";
import { namespaceOf } from "./metrics-answer.ts";
import { AGGREGATES, type Aggregate } from "./series.ts";
import { parseGrain, parseTimespan, type Timespan } from "./timespan.ts";

/** A metrics request that cannot be answered; the message is the answer's. */
export class MetricsQueryError extends Error {
  override name = "MetricsQueryError";
}

export interface MetricsQuery {
  readonly metrics: readonly MetricDefinition[];
  readonly span: Timespan;
  readonly interval: string;
  readonly grainMs: number;
  /** Each metric's own when the caller names none. */
  readonly aggregates: readonly Aggregate[] | undefined;
  readonly filters: readonly DimensionFilter[];
  /** Most series per metric. */
  readonly top: number;
  /** Of the series of a metric; as they come when the caller asks for none. */
  readonly order: { readonly aggregate: Aggregate; readonly isDescending: boolean } | undefined;
  /** Whether only the values of the dimensions are asked for. */
  readonly isMetadata: boolean;
}

const DEFAULT_TIMESPAN = "PT1H";
const DEFAULT_TOP = 10;
/** More points than this in one series are a slip of the caller. */
const MOST_POINTS = 20_160;

/**
 * Reads the query string of a metrics request.
 *
 * @throws {MetricsQueryError} naming the parameter, what was found and what is expected
 */
export function readQuery(query: URLSearchParams, resource: MeteredResource, now: number): MetricsQuery {
  const get = (name: string) => readParameter(query, name);
  checkNamespace(query, resource);
  const timespan = get("timespan") ?? DEFAULT_TIMESPAN;
  const asked = parseTimespan(timespan, now);
  if (!asked)
    throw new MetricsQueryError(`Detect invalid value: timespan '${timespan}', expected start/end.`);
  const interval = (get("interval") ?? "PT1M").toUpperCase();
  const grainMs = parseGrain(interval, asked);
  if (!grainMs) {
    throw new MetricsQueryError(
      `Detect invalid time grain input: ${interval}, supported ones are: 00:01:00,00:05:00,00:15:00,00:30:00,01:00:00,06:00:00,12:00:00,1.00:00:00.`,
    );
  }
  const start = interval === "FULL" ? asked.start : Math.floor(asked.start / grainMs) * grainMs;
  if ((asked.end - start) / grainMs > MOST_POINTS) {
    throw new MetricsQueryError(
      `The timespan '${timespan}' at '${interval}' has more than ${MOST_POINTS} points.`,
    );
  }
  const metrics = readMetrics(get("metricnames"), resource);
  return {
    metrics,
    span: { start, end: asked.end },
    interval,
    grainMs,
    aggregates: readAggregates(get("aggregation")),
    filters: rollUp(readFilters(get("$filter"), metrics), get("rollupby")),
    top: readTop(get("top")),
    order: readOrder(get("orderby")),
    isMetadata: readResultType(get("resulttype")) === "metadata",
  };
}

/** The names of query parameters are compared without regard to case. */
export function readParameter(query: URLSearchParams, name: string): string | undefined {
  return [...query].find(([key]) => key.toLowerCase() === name)?.[1] || undefined;
}

function readMetrics(names: string | undefined, resource: MeteredResource): MetricDefinition[] {
  const [first] = resource.metrics;
  if (names === undefined) return first ? [first] : [];
  return names.split(",").map((name) => {
    const found = resource.metrics.find((metric) => metric.name.toLowerCase() === name.trim().toLowerCase());
    if (found) return found;
    if (NOT_MEASURED.some((one) => one.toLowerCase() === name.trim().toLowerCase())) {
      const valid = resource.metrics.map((metric) => metric.name).join(",");
      throw new MetricsQueryError(
        `The metric '${name.trim()}' is not simulated: nothing here measures it. Simulated are ${valid}.`,
      );
    }
    throw new MetricsQueryError(
      "Failed to find metric configuration for provider: Microsoft.MachineLearningServices, " +
        `resource Type: ${resource.resourceType}, metric: ${name}, ` +
        `Valid metrics: ${resource.metrics.map((metric) => metric.name).join(",")}`,
    );
  });
}

function readAggregates(text: string | undefined): Aggregate[] | undefined {
  return text?.split(",").map((name) => {
    const found = AGGREGATES.find((aggregate) => aggregate === name.trim().toLowerCase());
    if (found) return found;
    throw new MetricsQueryError(
      `Invalid aggregation type: '${name}'. Supported: Average, Minimum, Maximum, Total, Count.`,
    );
  });
}

function readFilters(text: string | undefined, metrics: readonly MetricDefinition[]): DimensionFilter[] {
  if (text === undefined) return [];
  let filters: DimensionFilter[];
  try {
    filters = parseFilter(text);
  } catch (error) {
    throw new MetricsQueryError(
      `The $filter '${text}' is invalid: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  for (const metric of metrics) {
    const known = Object.keys(metric.dimensions);
    const unknown = filters.filter(
      ({ dimension }) => !known.some((name) => name.toLowerCase() === dimension),
    );
    if (unknown.length > 0) {
      throw new MetricsQueryError(
        `Metric: ${metric.name} does not support requested dimension combination: ` +
          `${filters.map(({ dimension }) => dimension).join(",")}, supported ones are: ${known.join(",") || "(none)"}.`,
      );
    }
  }
  return filters;
}

/** @throws {MetricsQueryError} when another namespace than the resource's own is asked for */
export function checkNamespace(query: URLSearchParams, resource: MeteredResource): void {
  const asked = readParameter(query, "metricnamespace");
  const own = namespaceOf(resource);
  if (!asked || asked.toLowerCase() === own.toLowerCase()) return;
  throw new MetricsQueryError(`The parameter 'metricnamespace' is '${asked}', expected '${own}'.`);
}

/**
 * The values of a dimension that is rolled up make one series.
 *
 * @see the official description of the metrics API, rollupby
 */
function rollUp(filters: readonly DimensionFilter[], names: string | undefined): DimensionFilter[] {
  const rolledUp = (names?.split(",") ?? []).map((name) => name.trim().toLowerCase());
  const unknown = rolledUp.find((name) => !filters.some(({ dimension }) => dimension === name));
  if (unknown !== undefined) {
    throw new MetricsQueryError(
      `The parameter 'rollupby' names '${unknown}', expected dimensions of the filter.`,
    );
  }
  return filters.map((filter) => ({ ...filter, isRolledUp: rolledUp.includes(filter.dimension) }));
}

/** @see the official description of the metrics API, orderby: one aggregation and a direction, e.g. `sum asc` */
function readOrder(text: string | undefined): MetricsQuery["order"] {
  if (text === undefined) return undefined;
  const [name = "", direction = "asc", ...rest] = text.trim().toLowerCase().split(/\s+/);
  const aggregate = AGGREGATES.find((one) => one === (name === "sum" ? "total" : name));
  if (aggregate && (direction === "asc" || direction === "desc") && rest.length === 0)
    return { aggregate, isDescending: direction === "desc" };
  throw new MetricsQueryError(
    `The parameter 'orderby' is '${text}', expected sum, average, minimum, maximum or count, and asc or desc.`,
  );
}

function readResultType(text = "data"): "data" | "metadata" {
  const type = text.toLowerCase();
  if (type === "data" || type === "metadata") return type;
  throw new MetricsQueryError(`The parameter 'resultType' is '${text}', expected Data or Metadata.`);
}

function readTop(text: string | undefined): number {
  const top = text === undefined ? DEFAULT_TOP : Number(text);
  if (Number.isInteger(top) && top > 0) return top;
  throw new MetricsQueryError(`The parameter 'top' is '${text}', expected a positive whole number.`);
}

/** The error shape of the metrics API. */
export function badRequest(message: string): ServiceAnswer {
  return { status: 400, body: { code: "BadRequest", message, error: { code: "BadRequest", message } } };
}
