import { quantile, sampleWithReplacement } from "simple-statistics";
import { seededRandom } from "../seeded-random.ts";
import { requireNumbers, requirePairs } from "./input.ts";

const RESAMPLES = 2000;
const SEED = 20_120_601;

/**
 * 95 % interval of the candidate's score minus the champion's, by a paired bootstrap over rows. Rows near each other in
 * time resemble each other, so the true interval is somewhat wider. Seeded: the same rows give the same interval.
 *
 * @param candidate - one finite figure per row, such as an error, or 1 for right and 0 for wrong
 * @param champion - the same rows in the same order
 * @param score - of rows drawn, such as `rmse`, or the mean
 * @throws {MeasureInputError} unless there are as many of each, at least one
 */
export function differenceInterval(
  candidate: readonly number[],
  champion: readonly number[],
  score: (drawn: readonly number[]) => number,
): { readonly low: number; readonly high: number } {
  requirePairs(candidate, champion, "rows of candidate and champion");
  requireNumbers("candidate", candidate);
  requireNumbers("champion", champion);
  const pairs = candidate.map((of, index) => ({ candidate: of, champion: champion[index] ?? Number.NaN }));
  const random = seededRandom(SEED);
  const differences = Array.from({ length: RESAMPLES }, () => {
    const drawn = sampleWithReplacement(pairs, pairs.length, random);
    return score(drawn.map((pair) => pair.candidate)) - score(drawn.map((pair) => pair.champion));
  });
  return { low: quantile(differences, 0.025), high: quantile(differences, 0.975) };
}
