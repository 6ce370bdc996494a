import { mean, quantile, rootMeanSquare, sampleWithReplacement } from "simple-statistics";

/** °C: predicted minus true, one per day, in the same order as the days. */
export type Errors = readonly number[];

export const rmse = (errors: Errors): number => rootMeanSquare([...errors]);
export const mae = (errors: Errors): number => mean(errors.map(Math.abs));

export function errorsOf(predictions: readonly number[], truths: readonly number[]): number[] {
  return predictions.map((prediction, index) => prediction - (truths[index] ?? Number.NaN));
}

const RESAMPLES = 2000;
const SEED = 20_120_601;

/**
 * 95 % interval of the candidate's RMSE minus the champion's, by a paired bootstrap over days. Days near each other
 * resemble each other, so the true interval is somewhat wider.
 *
 * Seeded: the same errors give the same interval.
 */
export function differenceInterval(candidate: Errors, champion: Errors): { low: number; high: number } {
  const pairs = candidate.map((error, index) => ({
    candidate: error,
    champion: champion[index] ?? Number.NaN,
  }));
  const random = seededRandom(SEED);
  const differences = Array.from({ length: RESAMPLES }, () => {
    const drawn = sampleWithReplacement(pairs, pairs.length, random);
    return rmse(drawn.map((pair) => pair.candidate)) - rmse(drawn.map((pair) => pair.champion));
  });
  return { low: quantile(differences, 0.025), high: quantile(differences, 0.975) };
}

/** Mulberry32, public domain: numbers in [0, 1) that follow from the seed; Node has no seeded generator. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
