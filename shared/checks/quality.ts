import type { Figure, Verdict } from "./verdict.ts";

/** What the policy asks of a candidate's error on recent production data; smaller is better. */
export interface QualityLimits {
  readonly metric: string;
  readonly maximum: number;
  readonly tolerance: number;
  readonly unit: string;
  readonly minimumSample: number;
}

/**
 * Judges a candidate by the figures that its evaluation job logged: `candidate_<metric>`, `champion_<metric>` unless
 * nothing serves yet, `sample_size`, and `difference_low` and `difference_high` (95 % interval of candidate minus
 * champion). Without an interval the difference itself decides. A figure that is no finite number is null.
 */
export function judgeQuality(
  metrics: Readonly<Record<string, number | null>>,
  limits: QualityLimits,
): Verdict {
  const { metric, maximum, tolerance, unit, minimumSample } = limits;
  const candidate = metrics[`candidate_${metric}`] ?? null;
  const champion = metrics[`champion_${metric}`] ?? null;
  const sampleSize = metrics.sample_size ?? 0;
  const low = metrics.difference_low ?? null;
  const high = metrics.difference_high ?? null;
  const interval = champion !== null && low !== null && high !== null ? { low, high } : null;
  const figure: Figure = {
    name: metric,
    unit,
    candidate,
    champion,
    limit: maximum,
    interval,
    tolerance: champion === null ? null : tolerance,
  };
  const verdict = (word: Verdict["verdict"], reason: string): Verdict => ({
    check: "quality",
    verdict: word,
    reason,
    figures: [figure],
    sampleSize,
  });
  const say = (value: number) => `${value.toPrecision(3)} ${unit}`;

  // NaN is above no limit: it must not pass as a number.
  const unusable = [
    `candidate_${metric}`,
    `champion_${metric}`,
    "sample_size",
    "difference_low",
    "difference_high",
  ].filter((name) => metrics[name] === null);
  if (unusable.length > 0) {
    return verdict(
      "inconclusive",
      `The evaluation logged ${unusable.join(" and ")} as NaN or infinite: nothing can be compared.`,
    );
  }
  if (candidate === null) {
    return verdict("inconclusive", `The evaluation logged no candidate_${metric}: nothing can be compared.`);
  }
  if (sampleSize < minimumSample) {
    return verdict(
      "inconclusive",
      `${sampleSize} rows were evaluated, at least ${minimumSample} are needed.`,
    );
  }
  if (candidate > maximum) {
    return verdict("failed", `Its ${metric} is ${say(candidate)}, above the limit of ${say(maximum)}.`);
  }
  if (champion === null) {
    return verdict("passed", `Its ${metric} is ${say(candidate)}, within the limit of ${say(maximum)}.`);
  }
  const compared = `Its ${metric} is ${say(candidate)}, the champion's ${say(champion)}`;
  const worst = interval?.high ?? candidate - champion;
  const best = interval?.low ?? candidate - champion;
  if (best > tolerance) return verdict("failed", `${compared}: worse by more than ${say(tolerance)}.`);
  if (worst > tolerance) {
    return verdict("inconclusive", `${compared}: the interval of the difference crosses ${say(tolerance)}.`);
  }
  return verdict("passed", `${compared}: no worse than ${say(tolerance)} allows.`);
}
