import { quantileSorted } from "simple-statistics";
import type { ScoredRequest } from "../service.ts";
import type { DimensionFilter } from "./filter.ts";
import type { RequestMeasure, RequestMetric } from "./metric.ts";
import type { Timespan } from "./timespan.ts";

const MINUTE_MS = 60_000;
const SECONDS_PER_MINUTE = 60;

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

/** Values by minute (ms since the epoch): durations in ms, or bytes. */
type Minutes = Map<number, number[]>;

/**
 * The parts of a metric, by the dimensions that the filter names; one part of everything when it names none.
 *
 * @param into - an empty part, and how an item goes into one: there may be hundreds of thousands
 */
export function partition<T, P>(
  items: Iterable<T>,
  dimensions: Readonly<Record<string, (item: T) => string>>,
  filters: readonly DimensionFilter[],
  into: { empty(): P; add(part: P, item: T): void },
): { dimensions: Record<string, string>; part: P }[] {
  const splits = filters.flatMap((filter) =>
    Object.entries(dimensions)
      .filter(([name]) => name.toLowerCase() === filter.dimension)
      .map(([name, read]) => ({ name, read, filter })),
  );
  const parts = new Map<string, { dimensions: Record<string, string>; part: P }>();
  const isShown = splits.map(({ filter }) => !filter.isRolledUp);
  if (!isShown.includes(true)) parts.set("[]", { dimensions: {}, part: into.empty() });
  for (const item of items) {
    const values = splits.map(({ read }) => read(item));
    if (!splits.every(({ filter }, index) => filter.isWanted(values[index] ?? ""))) continue;
    const shown = values.filter((_, index) => isShown[index]);
    const key = JSON.stringify(shown);
    let found = parts.get(key);
    if (!found) {
      const named = Object.fromEntries(
        splits.flatMap(({ name }, index) => (isShown[index] ? [[name, values[index] ?? ""]] : [])),
      );
      found = { dimensions: named, part: into.empty() };
      parts.set(key, found);
    }
    into.add(found.part, item);
  }
  return [...parts.values()];
}

/** Splits requests by the dimensions that the filter names, and aggregates each part by grain. */
export function toSeries(
  requests: Iterable<ScoredRequest>,
  metric: RequestMetric,
  query: SeriesQuery,
): Series[] {
  const { measure, dimensions: readers } = metric;
  const byMinute = {
    empty: (): Minutes => new Map(),
    add(minutes: Minutes, request: ScoredRequest) {
      const minute = Math.floor(request.at / MINUTE_MS) * MINUTE_MS;
      const value = measure.kind === "bytes" ? bytesOf(request) : request.durationMs;
      const values = minutes.get(minute);
      if (values) values.push(value);
      else minutes.set(minute, [value]);
    },
  };
  return partition(requests, readers, query.filters, byMinute).map(({ dimensions, part }) => ({
    dimensions,
    points: toPoints(part, measure, query),
  }));
}

const bytesOf = ({ log }: ScoredRequest) => (log ? log.requestBytes + log.responseBytes : 0);

/** The grains of a query, the last perhaps cut off. */
export function grainsOf({ span, grainMs }: SeriesQuery): { from: number; to: number }[] {
  return Array.from({ length: Math.ceil((span.end - span.start) / grainMs) }, (_, index) => {
    const from = span.start + index * grainMs;
    return { from, to: Math.min(from + grainMs, span.end) };
  });
}

function toPoints(minutes: Minutes, measure: RequestMeasure, query: SeriesQuery): Point[] {
  return grainsOf(query).map(({ from, to }) => {
    const inGrain = minutesBetween(minutes, from, to);
    const minuteCount = Math.max(1, Math.ceil((Math.min(to, query.now) - from) / MINUTE_MS));
    return inGrain.length === 0
      ? { timeStamp: from }
      : { timeStamp: from, values: aggregate(inGrain, measure, minuteCount) };
  });
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
 * Requests and bytes are rates: minutes without any count as zeros in the average, so that the parts of a split add up to the
 * whole. Latencies are averaged over the requests, percentiles over the minutes that had requests.
 */
function aggregate(
  minutes: readonly number[][],
  measure: RequestMeasure,
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
  const counts =
    measure.kind === "bytes"
      ? minutes.map((bytes) => bytes.reduce((sum, value) => sum + value, 0) / SECONDS_PER_MINUTE)
      : minutes.map((durations) => durations.length);
  const counted = summarize(counts);
  const hasEmptyMinute = counts.length < minuteCount;
  return {
    ...counted,
    average: counted.total / minuteCount,
    minimum: hasEmptyMinute ? 0 : counted.minimum,
    count: minuteCount,
  };
}

export function summarize(values: readonly number[]): Record<Aggregate, number> {
  const total = values.reduce((sum, value) => sum + value, 0);
  return {
    total,
    count: values.length,
    average: total / values.length,
    minimum: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    maximum: values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  };
}
