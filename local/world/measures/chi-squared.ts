import { errorFunction } from "simple-statistics";
import { type Counts, totalsOf } from "./buckets.ts";
import { MeasureInputError } from "./input.ts";

/**
 * Pearson's chi-squared test: would the reference's shares give such counts? Azure's model monitors publish the p-value
 * as `PearsonsChiSquaredTest`, and a breach is below the threshold.
 *
 * A category that the reference has never held makes the statistic endless and the p-value 0, as in scipy's `chisquare`.
 *
 * @param buckets - at least two, see `categoricalBuckets`
 * @returns `pValue` from 0 to 1, right to about 1e-7
 * @throws {MeasureInputError} when there is one bucket, an empty sample, or a bucket without any row
 */
export function chiSquaredTest(buckets: readonly Counts[]): {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
} {
  const totals = totalsOf(buckets);
  const degreesOfFreedom = buckets.length - 1;
  if (degreesOfFreedom < 1)
    throw new MeasureInputError("There is one category, expected at least two: one cannot change its share.");
  const statistic = buckets.reduce((sum, { reference, current }, index) => {
    if (reference === 0 && current === 0)
      throw new MeasureInputError(`Category ${index} holds no row of either sample, expected at least one.`);
    const expected = (reference / totals.reference) * totals.current;
    return sum + (current - expected) ** 2 / expected;
  }, 0);
  return { statistic, degreesOfFreedom, pValue: chiSquaredSurvival(statistic, degreesOfFreedom) };
}

/**
 * How probable a chi-squared variable of at least `statistic` is.
 *
 * @param degreesOfFreedom - a whole number of at least 1
 * @see Abramowitz and Stegun 1964, 26.4.4 and 26.4.5: the finite sums for odd and even degrees
 */
export function chiSquaredSurvival(statistic: number, degreesOfFreedom: number): number {
  if (statistic === Number.POSITIVE_INFINITY) return 0;
  if (statistic <= 0) return 1;
  const half = statistic / 2;
  const isOdd = degreesOfFreedom % 2 === 1;
  // Each term is half^a e^-half / gamma(a + 1), in logarithms, as it would overflow with many degrees.
  let exponent = isOdd ? 0.5 : 0;
  let logTerm = isOdd ? Math.log(2 * Math.sqrt(half / Math.PI)) - half : -half;
  let probability = isOdd ? 1 - errorFunction(Math.sqrt(half)) : 0;
  while (exponent < degreesOfFreedom / 2) {
    probability += Math.exp(logTerm);
    exponent += 1;
    logTerm += Math.log(half / exponent);
  }
  return Math.min(Math.max(probability, 0), 1);
}
