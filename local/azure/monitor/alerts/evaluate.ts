import { type MeteredResource, metricsOf } from "../catalogue.ts";
import type { DimensionFilter } from "../filter.ts";
import type { SeriesOf } from "../metric-source.ts";
import type { Timespan } from "../timespan.ts";
import { aggregateOf, type Criterion, type Rule } from "./rule.ts";

/** One criterion, seen at one of the series that its dimensions split the metric into. */
export interface Reading {
  readonly criterion: Criterion;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  /** Absent when the series had no data in the window. */
  readonly value: number | undefined;
}

/** What a rule found for one resource and one combination of dimensions. */
export interface Finding {
  readonly resource: MeteredResource;
  readonly readings: readonly Reading[];
  readonly isMet: boolean;
}

const HOLDS: Readonly<Record<Criterion["operator"], (value: number, threshold: number) => boolean>> = {
  Equals: (value, threshold) => value === threshold,
  GreaterThan: (value, threshold) => value > threshold,
  GreaterThanOrEqual: (value, threshold) => value >= threshold,
  LessThan: (value, threshold) => value < threshold,
  LessThanOrEqual: (value, threshold) => value <= threshold,
};

/** Evaluates a rule at one resource. A series without data meets no condition. */
export function evaluate(
  rule: Rule,
  resource: MeteredResource,
  span: Timespan,
  seriesOf: SeriesOf,
): Finding[] {
  const { allOf } = rule.properties.criteria;
  const perCriterion = allOf.map((criterion) => read(criterion, resource, span, seriesOf));
  const [first = []] = perCriterion;
  if (perCriterion.length === 1) return first.map((reading) => toFinding(resource, [reading]));
  // Each of several criteria stands on one series, which may have no data.
  const readings = perCriterion.map(([reading], index) => reading ?? noData(allOf[index]));
  return [
    toFinding(
      resource,
      readings.filter((reading) => reading !== undefined),
    ),
  ];
}

function toFinding(resource: MeteredResource, readings: readonly Reading[]): Finding {
  const isMet = readings.every(
    ({ value, criterion }) => value !== undefined && HOLDS[criterion.operator](value, criterion.threshold),
  );
  return { resource, readings, isMet };
}

function noData(criterion: Criterion | undefined): Reading | undefined {
  const dimensions = (criterion?.dimensions ?? []).map(({ name, values: [value = ""] }) => ({ name, value }));
  return criterion && { criterion, dimensions, value: undefined };
}

function read(
  criterion: Criterion,
  resource: MeteredResource,
  span: Timespan,
  seriesOf: SeriesOf,
): Reading[] {
  const name = criterion.metricName.toLowerCase();
  const metric = metricsOf(resource.resourceType)?.find((one) => one.name.toLowerCase() === name);
  if (!metric) return [];
  const filters = (criterion.dimensions ?? []).map(toFilter);
  const query = { span, grainMs: span.end - span.start, filters, now: span.end };
  return seriesOf(resource, metric, query).map(({ dimensions, points }) => ({
    criterion,
    dimensions: Object.entries(dimensions).map(([key, value]) => ({ name: key, value })),
    value: points[0]?.values?.[aggregateOf(criterion)],
  }));
}

function toFilter({ name, operator, values }: NonNullable<Criterion["dimensions"]>[number]): DimensionFilter {
  const listed = new Set(values.map((value) => value.toLowerCase()));
  const isListed = (value: string) => listed.has("*") || listed.has(value.toLowerCase());
  return {
    dimension: name.toLowerCase(),
    isWanted: (value) => isListed(value) === (operator === "Include"),
  };
}
