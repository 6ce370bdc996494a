import { sampleStandardDeviation } from "simple-statistics";
import { requireNumbers } from "./input.ts";

/** A reference that hardly varies would make every distance endless. */
const LEAST_DEVIATION = 0.001;

/**
 * Normalized Wasserstein distance: how far, in (sample) standard deviations of the reference, the mass of one sample
 * must be moved to become the other. A pure shift by two standard deviations is 2.
 *
 * @param reference - at least two finite numbers, such as a feature in the training data
 * @param current - at least one finite number: the same feature, as served
 * @returns 0 when the distributions are equal, without upper bound; not symmetric
 * @throws {MeasureInputError} when a sample is too small or holds something else
 * @see `_normalized_wasserstein` of Azure's `data_drift_compute_metrics`: distance / max(stddev, 0.001)
 */
export function normalizedWassersteinDistance(
  reference: readonly number[],
  current: readonly number[],
): number {
  requireNumbers("reference", reference, 2);
  requireNumbers("current", current);
  const from = reference.toSorted((a, b) => a - b);
  const to = current.toSorted((a, b) => a - b);
  const steps = [...from, ...to].sort((a, b) => a - b);
  let moved = 0;
  let below = 0;
  let currentBelow = 0;
  // Area between the two cumulative distributions.
  for (const [index, step] of steps.entries()) {
    while ((from[below] ?? Number.POSITIVE_INFINITY) <= step) below += 1;
    while ((to[currentBelow] ?? Number.POSITIVE_INFINITY) <= step) currentBelow += 1;
    const width = (steps[index + 1] ?? step) - step;
    moved += width * Math.abs(below / from.length - currentBelow / to.length);
  }
  return moved / Math.max(sampleStandardDeviation(from), LEAST_DEVIATION);
}
