import * as z from "zod";

/** How far predictions were from their truths; sums, so that any two can be added. */
export const PairSums = z.object({
  pairs: z.int(),
  /** Pairs that differ at all: what counts for classes. */
  wrong: z.int(),
  /** Pairs of two numbers, and the sums of their differences. */
  numeric: z.int(),
  absolute: z.number(),
  squared: z.number(),
});
export type PairSums = z.infer<typeof PairSums>;

export const NO_PAIRS: PairSums = { pairs: 0, wrong: 0, numeric: 0, absolute: 0, squared: 0 };

export function addPairs(a: PairSums, b: PairSums): PairSums {
  return {
    pairs: a.pairs + b.pairs,
    wrong: a.wrong + b.wrong,
    numeric: a.numeric + b.numeric,
    absolute: a.absolute + b.absolute,
    squared: a.squared + b.squared,
  };
}

/** @param predictions - as many as there are truths, in the same order */
export function pairSums(predictions: readonly unknown[], truths: readonly unknown[]): PairSums {
  return predictions.reduce<PairSums>((sums, prediction, index) => {
    const truth = truths[index];
    const isNumeric = typeof prediction === "number" && typeof truth === "number";
    const difference = isNumeric ? Math.abs(prediction - truth) : 0;
    return addPairs(sums, {
      pairs: 1,
      wrong: String(prediction) === String(truth) ? 0 : 1,
      numeric: isNumeric ? 1 : 0,
      absolute: difference,
      squared: difference * difference,
    });
  }, NO_PAIRS);
}

/** By the metric's name in lower case, without separators. For each, more is worse. */
const METRICS: ReadonlyMap<string, (sums: PairSums) => number | null> = new Map([
  ["rmse", rootMeanSquared],
  ["rootmeansquarederror", rootMeanSquared],
  ["mse", ({ squared, numeric }) => ratio(squared, numeric)],
  ["meansquarederror", ({ squared, numeric }) => ratio(squared, numeric)],
  ["mae", ({ absolute, numeric }) => ratio(absolute, numeric)],
  ["meanabsoluteerror", ({ absolute, numeric }) => ratio(absolute, numeric)],
  ["errorrate", ({ wrong, pairs }) => ratio(wrong, pairs)],
  ["misclassificationrate", ({ wrong, pairs }) => ratio(wrong, pairs)],
]);

/** The policy's metric over these pairs; null when it is none of those that can be computed from pairs, or there are none. */
export function errorOf(metric: string, sums: PairSums): number | null {
  return METRICS.get(metric.toLowerCase().replaceAll(/[^a-z]/g, ""))?.(sums) ?? null;
}

const ratio = (sum: number, count: number): number | null => (count === 0 ? null : sum / count);

function rootMeanSquared({ squared, numeric }: PairSums): number | null {
  const mean = ratio(squared, numeric);
  return mean === null ? null : Math.sqrt(mean);
}
