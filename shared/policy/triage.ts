import { durationMs } from "../duration.ts";
import { isBreach } from "../signals/monitor-metrics.ts";
import type { Measurement, Signal } from "../signals/signal.ts";
import type { Triage } from "./decision.ts";
import type { ModelPolicy } from "./schema.ts";
import { isWorsening, type Situation } from "./situation.ts";

/** A fact of this name and the feature's says how much the feature matters: a share from 0 to 1, as text. */
const IMPORTANCE_FACT = "importance.";

/** Named in a sentence; the evidence has them all. */
const MOST_FEATURES = 5;

/**
 * Whether a finding that a model got worse means anything. Direction first, then what the moved features matter, then
 * whether performance, measured against truths, got worse as well.
 *
 * @returns null for signals that say nothing of the kind, and without a policy
 */
export function triage({
  signal,
  policy,
  state,
  now,
}: Omit<Situation, "reaction" | "triage">): Triage | null {
  if (!policy || !isWorsening(signal.kind) || signal.state !== "raised") return null;
  const { measurements } = signal.evidence;
  const moved = measurements.filter(isBad);
  if (measurements.length > 0 && moved.length === 0) {
    return { verdict: "noise", because: "every value is on the good side of its limit" };
  }
  const minor = unimportant(signal, moved, policy);
  if (minor) return { verdict: "noise", because: minor };
  if (signal.kind === "performance.degraded") {
    return { verdict: "confirmed", because: "its predictions were compared with the truth" };
  }
  const last = state.reports["performance.degraded"]?.at(-1);
  const isRecent =
    last !== undefined && Date.parse(last.at) > now.getTime() - durationMs(policy.drift.confirmWithin);
  if (!isRecent) return { verdict: "suspected", because: "no truths say whether its predictions suffer" };
  return last.state === "raised"
    ? { verdict: "confirmed", because: `its performance was found worse than its limit at ${last.at}` }
    : { verdict: "suspected", because: `its performance was back within its limit at ${last.at}` };
}

/** What has no value or no limit cannot be judged, and is taken as its sender means it. */
function isBad({ metric, value, threshold }: Measurement): boolean {
  return value === null || threshold === null || isBreach(metric, value, threshold);
}

/** A sentence when every feature that moved is known to matter little; null otherwise. */
function unimportant(signal: Signal, moved: readonly Measurement[], policy: ModelPolicy): string | null {
  const least = policy.drift.minimumImportance;
  const features = moved.map(({ group }) => group);
  const isMinor = (feature: string | undefined) => {
    const share = feature === undefined ? undefined : importanceOf(feature, signal, policy);
    return share !== undefined && share < least;
  };
  if (features.length === 0 || !features.every(isMinor)) return null;
  const names = features.slice(0, MOST_FEATURES).join(", ");
  return `the features that moved (${names}) matter less than ${least} to the model`;
}

/** As measured, where the signal says so; else as the policy says. */
function importanceOf(feature: string, signal: Signal, policy: ModelPolicy): number | undefined {
  const { facts } = signal.evidence;
  const name = `${IMPORTANCE_FACT}${feature}`;
  const measured = Object.hasOwn(facts, name) ? Number(facts[name]) : Number.NaN;
  if (!Number.isNaN(measured)) return measured;
  const { importance } = policy.drift;
  return Object.hasOwn(importance, feature) ? importance[feature] : undefined;
}
