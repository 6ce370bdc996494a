import { MeasureInputError, requireNumbers } from "./input.ts";

/** Azure's model monitors refuse more rows than this in either sample. */
const MOST_ROWS = 10_000;

/**
 * Two-sample Kolmogorov-Smirnov test. Azure's model monitors publish the p-value as `TwoSampleKolmogorovSmirnovTest`,
 * and a breach is below the threshold.
 *
 * The p-value is exact for values without ties, and with ties errs towards 1, as scipy's `ks_2samp` does.
 *
 * @param reference - 1 to 9999 finite numbers
 * @param current - 1 to 9999 finite numbers
 * @returns `statistic`: greatest difference of the cumulative distributions, 0 to 1; `pValue`: how probable one as
 *   great is between samples of one distribution, 0 to 1
 * @throws {MeasureInputError} when a sample is empty, too large, or holds something else
 * @see Hodges 1958, "The significance probability of the Smirnov two-sample test"
 */
export function kolmogorovSmirnovTest(
  reference: readonly number[],
  current: readonly number[],
): { readonly statistic: number; readonly pValue: number } {
  for (const [what, values] of Object.entries({ reference, current })) {
    requireNumbers(what, values);
    if (values.length < MOST_ROWS) continue;
    throw new MeasureInputError(`${what} has ${values.length} values, expected fewer than ${MOST_ROWS}.`);
  }
  const [rows, others] = [reference.length, current.length];
  const difference = greatestDifference(reference, current);
  return { statistic: difference / (rows * others), pValue: probabilityOf(difference, rows, others) };
}

/** Times both numbers of rows: a whole number, so that equal differences compare as equal. */
function greatestDifference(reference: readonly number[], current: readonly number[]): number {
  const from = reference.toSorted((a, b) => a - b);
  const to = current.toSorted((a, b) => a - b);
  let greatest = 0;
  let below = 0;
  let currentBelow = 0;
  for (const step of [...from, ...to].sort((a, b) => a - b)) {
    while ((from[below] ?? Number.POSITIVE_INFINITY) <= step) below += 1;
    while ((to[currentBelow] ?? Number.POSITIVE_INFINITY) <= step) currentBelow += 1;
    greatest = Math.max(greatest, Math.abs(below * to.length - currentBelow * from.length));
  }
  return greatest;
}

/**
 * Each order in which the rows of both samples can follow one another is a path over a grid, all equally probable.
 * `reached[j]` is, for paths to (i, j), the share that was anywhere as far from the diagonal as `difference`.
 */
function probabilityOf(difference: number, rows: number, others: number): number {
  if (difference === 0) return 1;
  const reached = new Float64Array(others + 1);
  for (let i = 0; i <= rows; i += 1) {
    for (let j = 0; j <= others; j += 1) {
      const isFar = Math.abs(i * others - j * rows) >= difference;
      const before = j === 0 ? 0 : (reached[j - 1] ?? 0);
      // Of the paths to (i, j), i / (i + j) come from (i - 1, j).
      if (isFar) reached[j] = 1;
      else if (i + j > 0) reached[j] = ((reached[j] ?? 0) * i + before * j) / (i + j);
    }
  }
  return reached[others] ?? 1;
}
