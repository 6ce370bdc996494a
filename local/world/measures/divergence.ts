import { sum } from "simple-statistics";
import { type Counts, totalsOf } from "./buckets.ts";

/**
 * Jensen-Shannon distance: the square root of the divergence of both samples' shares from their mean, to base 2.
 *
 * @returns 0 when the shares are equal, 1 when no bucket holds rows of both; symmetric
 * @throws {MeasureInputError} when a sample has no row
 * @see Endres and Schindelin 2003, "A new metric for probability distributions"; scipy's `distance.jensenshannon(base=2)`,
 *   which Azure's model monitors call
 */
export function jensenShannonDistance(buckets: readonly Counts[]): number {
  const totals = totalsOf(buckets);
  const divergence = buckets.map((bucket) => {
    const reference = bucket.reference / totals.reference;
    const current = bucket.current / totals.current;
    const middle = (reference + current) / 2;
    return (surprise(reference, middle) + surprise(current, middle)) / 2;
  });
  // Rounding may take equal shares a hair below zero, or disjoint ones above one.
  return Math.sqrt(Math.min(Math.max(sum(divergence), 0), 1));
}

/** Bits; a share of nothing surprises nobody. */
function surprise(share: number, expected: number): number {
  return share === 0 ? 0 : share * Math.log2(share / expected);
}

/**
 * Population stability index. As Azure's model monitors take it, each bucket counts one row more than it has, so that
 * an empty one does not make the index endless; shares are of the rows there are, and sum to a little more than 1.
 *
 * @returns nats, 0 when the shares are equal, without upper bound; by custom above 0.2 is a great change
 * @throws {MeasureInputError} when a sample has no row
 * @see du Pisanie et al. 2023, arXiv:2303.01227: the formula, and where it misleads; `_psi_numerical` and
 *   `_psi_categorical` of Azure's `data_drift_compute_metrics`: the row more
 */
export function populationStabilityIndex(buckets: readonly Counts[]): number {
  const totals = totalsOf(buckets);
  return sum(
    buckets.map((bucket) => {
      const reference = (bucket.reference + 1) / totals.reference;
      const current = (bucket.current + 1) / totals.current;
      return (current - reference) * Math.log(current / reference);
    }),
  );
}
