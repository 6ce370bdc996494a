import { quantileSorted } from "simple-statistics";
import type { ScoredRequest } from "../service.ts";
import type { Measure, MetricDefinition } from "./catalogue.ts";
import type { DimensionFilter } from "./filter.ts";
import type { Timespan } from "./timespan.ts";

const MINUTE_MS = 60_000;

/** The aggregates of one grain; absent when nothing happened in it. */
export interface Point {
  readonly timeStamp: number;
  readonly values?: Readonly<Record<Aggregate, number>>;
}
export const AGGREGATES = ["average", "minimum", "maximum", "total", "count"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export interface Series {
  /** Value by dimension, for the dimensions that the filter names. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

export interface SeriesQuery {
  readonly span: Timespan;
  readonly grainMs: number;
  readonly filters: readonly DimensionFilter[];
  /** Minutes after this have not happened yet. */
  readonly now: number;
}

/** Durations in ms by minute (ms since the epoch). */
type Minutes = Map<number, number[]>;

/** Splits requests by the dimensions that the filter names, and aggregates each part by grain. */
export function toSeries(
  requests: Iterable<ScoredRequest>,
  metric: MetricDefinition,
  query: SeriesQuery,
): Series[] {
  const splits = query.filters.flatMap((filter) =>
    Object.entries(metric.dimensions)
      .filter(([name]) => name.toLowerCase() === filter.dimension)
      .map(([name, read]) => ({ name, read, filter })),
  );
  const parts = new Map<string, { dimensions: Record<string, string>; minutes: Minutes }>();
  if (splits.length === 0) parts.set("[]", { dimensions: {}, minutes: new Map() });
  for (const request of requests) {
    const values = splits.map(({ read }) => read(request));
    if (!splits.every(({ filter }, index) => filter.isWanted(values[index] ?? ""))) continue;
    const key = JSON.stringify(values);
    let part = parts.get(key);
    if (!part) {
      const dimensions = Object.fromEntries(splits.map(({ name }, index) => [name, values[index] ?? ""]));
      part = { dimensions, minutes: new Map() };
      parts.set(key, part);
    }
    const minute = Math.floor(request.at / MINUTE_MS) * MINUTE_MS;
    const durations = part.minutes.get(minute);
    if (durations) durations.push(request.durationMs);
    else part.minutes.set(minute, [request.durationMs]);
  }
  return [...parts.values()].map(({ dimensions, minutes }) => ({
    dimensions,
    points: toPoints(minutes, metric.measure, query),
  }));
}

function toPoints(minutes: Minutes, measure: Measure, { span, grainMs, now }: SeriesQuery): Point[] {
  const points: Point[] = [];
  for (let from = span.start; from < span.end; from += grainMs) {
    const inGrain = minutesBetween(minutes, from, Math.min(from + grainMs, span.end));
    const elapsedMs = Math.min(from + grainMs, span.end, now) - from;
    const minuteCount = Math.max(1, Math.ceil(elapsedMs / MINUTE_MS));
    points.push(
      inGrain.length === 0
        ? { timeStamp: from }
        : { timeStamp: from, values: aggregate(inGrain, measure, minuteCount) },
    );
  }
  return points;
}

function minutesBetween(minutes: Minutes, from: number, to: number): number[][] {
  const found: number[][] = [];
  for (let minute = Math.floor(from / MINUTE_MS) * MINUTE_MS; minute < to; minute += MINUTE_MS) {
    const durations = minutes.get(minute);
    if (durations) found.push(durations);
  }
  return found;
}

/**
 * Requests are a rate: minutes without any count as zeros in the average, so that the parts of a split add up to the
 * whole. Latencies are averaged over the requests, percentiles over the minutes that had requests.
 */
function aggregate(
  minutes: readonly number[][],
  measure: Measure,
  minuteCount: number,
): Record<Aggregate, number> {
  if (measure.kind === "latency-percentile") {
    const { percentile } = measure;
    return summarize(
      minutes.map((durations) =>
        quantileSorted(
          durations.toSorted((a, b) => a - b),
          percentile,
        ),
      ),
    );
  }
  if (measure.kind === "latency") return summarize(minutes.flat());
  const counts = minutes.map((durations) => durations.length);
  const counted = summarize(counts);
  const hasEmptyMinute = counts.length < minuteCount;
  return {
    ...counted,
    average: counted.total / minuteCount,
    minimum: hasEmptyMinute ? 0 : counted.minimum,
    count: minuteCount,
  };
}

function summarize(values: readonly number[]): Record<Aggregate, number> {
  const total = values.reduce((sum, value) => sum + value, 0);
  return {
    total,
    count: values.length,
    average: total / values.length,
    minimum: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    maximum: values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  };
}
