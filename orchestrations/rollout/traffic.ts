import type { TrafficSplit } from "../../shared/azure/online-endpoints.ts";
import { OuterloopError } from "../../shared/errors.ts";

/** The split asked for cannot be served. The request is wrong, so another attempt cannot help. */
export class TrafficSplitError extends OuterloopError {
  override name = "TrafficSplitError";

  constructor(split: TrafficSplit, percent: number) {
    super(
      `${percent} % of the traffic cannot be moved away from ${JSON.stringify(split)}, which sums to ` +
        `${total(split)} %, expected 100: correct the endpoint's traffic by hand, then roll out again.`,
      { split, percent },
    );
  }
}

const total = (split: TrafficSplit) => Object.values(split).reduce((sum, percent) => sum + percent, 0);

/**
 * The split in which `deployment` has `percent`, and the others share the rest as they did before.
 *
 * @param before - the split that serves now; empty or all zero when nothing serves
 * @returns whole percents that sum to 100; what rounding leaves goes to the largest of the others
 * @throws {TrafficSplitError} when the others cannot take the rest
 */
export function moveTraffic(before: TrafficSplit, deployment: string, percent: number): TrafficSplit {
  const others = Object.entries(before).filter(([name, share]) => name !== deployment && share > 0);
  const rest = 100 - percent;
  if (rest === 0) return { ...Object.fromEntries(others.map(([name]) => [name, 0])), [deployment]: 100 };
  const sum = others.reduce((total, [, share]) => total + share, 0);
  const [largest] = [...others].sort((a, b) => b[1] - a[1]);
  if (!largest) throw new TrafficSplitError(before, rest);
  const shares = others.map(([name, share]) => [name, Math.floor((share * rest) / sum)] as const);
  const given = shares.reduce((total, [, share]) => total + share, 0);
  const split = Object.fromEntries(shares);
  return { ...split, [largest[0]]: (split[largest[0]] ?? 0) + rest - given, [deployment]: percent };
}

/** True when somebody has all or part of the traffic. */
export function isServing(split: TrafficSplit): boolean {
  return total(split) > 0;
}
