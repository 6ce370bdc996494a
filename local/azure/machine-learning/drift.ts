import { quantileSorted, standardDeviation } from "simple-statistics";

/** A reference that hardly varies would make every distance endless. */
const LEAST_DEVIATION = 0.001;
const BINS = 10;
/** An empty bin would make the index endless. */
const LEAST_SHARE = 0.0001;

/** How far one sample of numbers has moved from another; both have one value at least. */
type Distance = (reference: readonly number[], current: readonly number[]) => number;

/** By the names that model monitors give them; more is further, 0 is equal. */
export const DISTANCES: Readonly<Record<string, Distance>> = {
  NormalizedWassersteinDistance: wasserstein,
  PopulationStabilityIndex: stability,
  JensenShannonDistance: jensenShannon,
};

/** Area between the cumulative distributions, in standard deviations of the reference. */
function wasserstein(reference: readonly number[], current: readonly number[]): number {
  const steps = [...new Set([...reference, ...current])].sort((a, b) => a - b);
  const below = (sample: readonly number[], step: number) =>
    sample.filter((value) => value <= step).length / sample.length;
  const area = steps.reduce((sum, step, index) => {
    const width = (steps[index + 1] ?? step) - step;
    return sum + width * Math.abs(below(reference, step) - below(current, step));
  }, 0);
  return area / Math.max(standardDeviation([...reference]), LEAST_DEVIATION);
}

function stability(reference: readonly number[], current: readonly number[]): number {
  const [expected, actual] = shares(reference, current, LEAST_SHARE);
  return expected.reduce((sum, share, bin) => {
    const other = actual[bin] ?? LEAST_SHARE;
    return sum + (other - share) * Math.log(other / share);
  }, 0);
}

/** The root of the divergence to base 2: from 0 to 1. */
function jensenShannon(reference: readonly number[], current: readonly number[]): number {
  const [p, q] = shares(reference, current, 0);
  const toMiddle = (from: readonly number[], other: readonly number[]) =>
    from.reduce((sum, share, bin) => {
      const middle = (share + (other[bin] ?? 0)) / 2;
      return share === 0 ? sum : sum + share * Math.log2(share / middle);
    }, 0);
  return Math.sqrt(Math.max(0, (toMiddle(p, q) + toMiddle(q, p)) / 2));
}

/** Shares of both samples in the bins that hold equal parts of the reference. */
function shares(
  reference: readonly number[],
  current: readonly number[],
  least: number,
): [number[], number[]] {
  const sorted = reference.toSorted((a, b) => a - b);
  const edges = Array.from({ length: BINS - 1 }, (_, index) => quantileSorted(sorted, (index + 1) / BINS));
  const bins = [...new Set(edges)];
  const count = (sample: readonly number[]) => {
    const counts = new Array<number>(bins.length + 1).fill(0);
    for (const value of sample) {
      const bin = bins.findIndex((edge) => value <= edge);
      const at = bin < 0 ? bins.length : bin;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts.map((number) => Math.max(least, number / sample.length));
  };
  return [count(reference), count(current)];
}
