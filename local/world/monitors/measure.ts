import type { MetricRow } from "../jobs/breach.ts";
import { categoricalBuckets, numericalBuckets } from "../measures/buckets.ts";
import { MeasureInputError } from "../measures/input.ts";
import {
  type Bounds,
  type DataType,
  dataTypeErrorRate,
  nullValueRate,
  outOfBoundsRate,
} from "../measures/quality.ts";
import type { Errors } from "../measures/regression.ts";
import {
  CATEGORICAL_DISTANCES,
  type Chosen,
  NUMERICAL_DISTANCES,
  QUALITY_RATES,
  REGRESSION_ERRORS,
} from "./metrics.ts";

/** One feature of the reference and of the served rows, cells as they came. */
export interface Feature {
  readonly name: string;
  readonly type: DataType;
  readonly reference: readonly unknown[];
  readonly current: readonly unknown[];
}

/** What was found of one metric; of a feature, where it has one. */
export interface Finding extends MetricRow {
  readonly type?: DataType;
  /** The same of the reference itself; data quality alone has it. */
  readonly baseline?: number | null;
}

export type ByType<T> = Readonly<Record<DataType, T>>;

const numbers = (cells: readonly unknown[]) =>
  cells.filter((cell): cell is number => typeof cell === "number" && Number.isFinite(cell));
const words = (cells: readonly unknown[]) =>
  cells.filter((cell) => cell !== null && cell !== undefined).map(String);

/** How far each served feature is from the reference. Cells that are null or of another type are left out. */
export function measureDrift(
  features: readonly Feature[],
  chosen: ByType<readonly Chosen[]>,
): readonly Finding[] {
  return features.flatMap(({ name, type, reference, current }) =>
    chosen[type].map(({ metric, threshold }) => {
      const distance = () =>
        type === "numerical"
          ? NUMERICAL_DISTANCES[metric]?.(numbers(reference), numbers(current))
          : CATEGORICAL_DISTANCES[metric]?.(words(reference), words(current));
      return { metric, value: valueOrNull(distance), threshold, group: name, type };
    }),
  );
}

/** Shares of served cells that are null, of another type than the reference, or beyond what it holds. */
export function measureQuality(
  features: readonly Feature[],
  chosen: ByType<readonly Chosen[]>,
): readonly Finding[] {
  return features.flatMap(({ name, type, reference, current }) => {
    const bounds = boundsOf(type, reference);
    return chosen[type].map(({ metric, threshold }) => {
      const value = valueOrNull(() => rateOf(metric, type, current, bounds));
      const baseline = valueOrNull(() => rateOf(metric, type, reference, bounds));
      return { metric, value, baseline, threshold, group: name, type };
    });
  });
}

/** Errors of what was served, once the truth is known. */
export function measureErrors(errors: Errors, chosen: readonly Chosen[]): readonly Finding[] {
  return chosen.map(({ metric, threshold }) => {
    const [, average] = Object.entries(REGRESSION_ERRORS).find(([name]) => name === metric) ?? [];
    return { metric, value: valueOrNull(() => average?.(errors)), threshold };
  });
}

/** Null when there is too little to measure: such a row never breaches. */
function valueOrNull(measure: () => number | undefined): number | null {
  try {
    return measure() ?? null;
  } catch (error) {
    if (error instanceof MeasureInputError) return null;
    throw error;
  }
}

function boundsOf(type: DataType, reference: readonly unknown[]): Bounds {
  if (type === "categorical") return new Set(words(reference));
  const values = numbers(reference);
  // Not by spreading: a reference may have more rows than a call takes arguments.
  return {
    minimum: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    maximum: values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  };
}

function rateOf(metric: string, type: DataType, cells: readonly unknown[], bounds: Bounds): number {
  const [nulls, types] = QUALITY_RATES;
  if (metric === nulls) return nullValueRate(cells);
  if (metric === types) return dataTypeErrorRate(cells, type);
  return outOfBoundsRate(cells, bounds);
}

/** One bucket of a feature's histogram, as Azure's model monitors write it. */
export type HistogramBucket = (
  | { readonly lowerBound: number; readonly upperBound: number }
  | { readonly category: string }
) & { readonly baselineCount: number; readonly targetCount: number };

/** Both samples over shared buckets; empty when one has no cell that fits. */
export function histogramOf({ type, reference, current }: Feature): HistogramBucket[] {
  const buckets = () =>
    type === "numerical"
      ? numericalBuckets(numbers(reference), numbers(current)).map(
          ({ lowerBound, upperBound, ...counts }) => ({
            lowerBound,
            upperBound,
            baselineCount: counts.reference,
            targetCount: counts.current,
          }),
        )
      : categoricalBuckets(words(reference), words(current)).map(({ category, ...counts }) => ({
          category,
          baselineCount: counts.reference,
          targetCount: counts.current,
        }));
  try {
    return buckets();
  } catch (error) {
    if (error instanceof MeasureInputError) return [];
    throw error;
  }
}
