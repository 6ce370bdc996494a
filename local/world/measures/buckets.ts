import { extent } from "simple-statistics";
import { MeasureInputError, requireNumbers } from "./input.ts";

/** How many rows of each of two samples fall into one bucket: whole numbers of at least 0. */
export interface Counts {
  readonly reference: number;
  readonly current: number;
}

/** From its lower bound on, up to but without its upper bound; the last one holds its upper bound too. */
export interface NumericalBucket extends Counts {
  readonly lowerBound: number;
  readonly upperBound: number;
}

export interface CategoricalBucket extends Counts {
  readonly category: string;
}

/**
 * Both samples over shared bins: of equal width, from the least to the greatest value of either, as many as Sturges'
 * rule gives for the smaller sample, `ceil(log2(n) + 1)`. A single value everywhere is a single bin.
 *
 * @param reference - at least one finite number
 * @param current - at least one finite number
 * @throws {MeasureInputError} when a sample is empty or holds something else
 * @see `shared_utilities/histogram_utils.py` of Azure's model monitoring components
 */
export function numericalBuckets(
  reference: readonly number[],
  current: readonly number[],
): readonly NumericalBucket[] {
  requireNumbers("reference", reference);
  requireNumbers("current", current);
  const [least, greatest] = extent([...reference, ...current]);
  const bins = least === greatest ? 1 : Math.ceil(Math.log2(Math.min(reference.length, current.length)) + 1);
  const width = (greatest - least) / bins;
  const binOf = (value: number) =>
    width === 0 ? 0 : Math.min(Math.floor((value - least) / width), bins - 1);
  const counted = (values: readonly number[]) => countBy(values.map(binOf));
  const inReference = counted(reference);
  const inCurrent = counted(current);
  return Array.from({ length: bins }, (_, bin) => ({
    lowerBound: least + bin * width,
    upperBound: bin === bins - 1 ? greatest : least + (bin + 1) * width,
    reference: inReference.get(bin) ?? 0,
    current: inCurrent.get(bin) ?? 0,
  }));
}

/**
 * Both samples over every category that either holds, in the order of their names.
 *
 * @throws {MeasureInputError} when a sample is empty
 */
export function categoricalBuckets(
  reference: readonly string[],
  current: readonly string[],
): readonly CategoricalBucket[] {
  const inReference = countBy(reference);
  const inCurrent = countBy(current);
  const buckets = [...new Set([...reference, ...current])].sort().map((category) => ({
    category,
    reference: inReference.get(category) ?? 0,
    current: inCurrent.get(category) ?? 0,
  }));
  totalsOf(buckets);
  return buckets;
}

/**
 * Rows of each sample.
 *
 * @throws {MeasureInputError} when a sample has no row, or a count is no whole number of at least 0
 */
export function totalsOf(buckets: readonly Counts[]): Counts {
  let reference = 0;
  let current = 0;
  for (const [index, bucket] of buckets.entries()) {
    for (const count of [bucket.reference, bucket.current]) {
      if (Number.isInteger(count) && count >= 0) continue;
      throw new MeasureInputError(
        `Bucket ${index} counts ${count} rows, expected a whole number of at least 0.`,
      );
    }
    reference += bucket.reference;
    current += bucket.current;
  }
  if (reference > 0 && current > 0) return { reference, current };
  throw new MeasureInputError(
    `The reference has ${reference} rows and the current sample ${current}, expected at least one of each.`,
  );
}

function countBy<T>(values: readonly T[]): ReadonlyMap<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
