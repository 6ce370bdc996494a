import type { Measurement } from "../service.ts";
import type { MeasuredMetric } from "./metric.ts";
import {
  type Aggregate,
  grainsOf,
  type Point,
  partition,
  type Series,
  type SeriesQuery,
  summarize,
} from "./series.ts";

const MINUTE_MS = 60_000;

/** A level from a moment on, until another. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Splits what a service counted, or told the levels of, by the dimensions that the filter names, and aggregates it. */
export function toMeasuredSeries(
  measurements: readonly Measurement[],
  metric: MeasuredMetric,
  query: SeriesQuery,
): Series[] {
  const listed = {
    empty: (): Measurement[] => [],
    add: (list: Measurement[], measurement: Measurement) => void list.push(measurement),
  };
  const parts = partition(measurements, metric.dimensions, query.filters, listed);
  const toPoint = metric.measure.kind === "count" ? countsBetween : levelsBetween;
  return parts.map(({ dimensions, part }) => {
    const source = metric.measure.kind === "count" ? part.map(asMoment) : piecesOf(part);
    const points = grainsOf(query).map(({ from, to }): Point => {
      const values = toPoint(source, from, Math.min(to, query.now));
      return values ? { timeStamp: from, values } : { timeStamp: from };
    });
    return { dimensions, points };
  });
}

const asMoment = ({ at, value }: Measurement): Piece => ({ from: at, to: at, value: value ?? 0 });

/** Each thing that happened is a sample. */
function countsBetween(
  moments: readonly Piece[],
  from: number,
  to: number,
): Record<Aggregate, number> | undefined {
  const found = moments.filter((moment) => moment.from >= from && moment.from < to);
  return found.length === 0 ? undefined : summarize(found.map(({ value }) => value));
}

/** Levels of the same dimensions follow one another; those of different ones stand side by side. */
function piecesOf(measurements: readonly Measurement[]): Piece[] {
  const bySource = Object.groupBy(measurements, ({ dimensions }) => JSON.stringify(dimensions));
  return Object.values(bySource).flatMap((levels = []) =>
    levels.flatMap(({ at, value }, index) =>
      value === null ? [] : { from: at, to: levels[index + 1]?.at ?? Number.POSITIVE_INFINITY, value },
    ),
  );
}

/** The average is over time, so that a level counts as long as it lasted; a sample is a minute of one level. */
function levelsBetween(
  pieces: readonly Piece[],
  from: number,
  to: number,
): Record<Aggregate, number> | undefined {
  const cut = pieces
    .map(({ value, ...piece }) => ({
      value,
      ms: Math.min(piece.to, to) - Math.max(piece.from, from),
    }))
    .filter(({ ms }) => ms > 0);
  if (cut.length === 0) return undefined;
  const elapsedMs = cut.reduce((sum, { ms }) => sum + ms, 0);
  const average = cut.reduce((sum, { value, ms }) => sum + value * ms, 0) / elapsedMs;
  const { minimum, maximum } = summarize(cut.map(({ value }) => value));
  const count = Math.ceil(elapsedMs / MINUTE_MS);
  return { average, minimum, maximum, count, total: average * count };
}
