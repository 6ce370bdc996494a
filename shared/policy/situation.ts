import type { ModelState } from "../models/state.ts";
import type { Signal, SignalKind } from "../signals/signal.ts";
import type { Reaction, Triage } from "./decision.ts";
import { INCIDENT_DEFAULTS, type ModelPolicy } from "./schema.ts";

/** All that a rule may look at. */
export type Situation = {
  readonly signal: Signal;
  /** What the table, and the rows before this one, would do. */
  readonly reaction: Reaction;
  /** Null for what has no policy: a budget, a workspace, an endpoint of nobody's model. */
  readonly policy: ModelPolicy | null;
  readonly state: ModelState;
  readonly now: Date;
  /** How sure it is that the model got worse; null for what says nothing about that. */
  readonly triage: Triage | null;
};

/** Signals that say the model got worse: several in a row count as one finding. */
const WORSENING: ReadonlySet<SignalKind> = new Set([
  "drift.data",
  "drift.prediction",
  "performance.degraded",
]);

export const isWorsening = (kind: SignalKind): boolean => WORSENING.has(kind);

/** Breaches of the signal's kind in a row, this one included. */
export const breachesInARow = ({ signal, state }: Situation): number =>
  (state.breaches[signal.kind]?.length ?? 0) + 1;

/**
 * How many more breaches of the signal's kind it takes, one after another, until so many are in a row; or among the last
 * `outOf` reports since something was done about it, where each further one pushes out the oldest.
 *
 * @returns 0 when the signal itself is enough
 */
export function breachesMissing(
  situation: Situation,
  { consecutiveBreaches, outOf }: ModelPolicy["drift"],
): number {
  if (outOf === undefined) return Math.max(0, consecutiveBreaches - breachesInARow(situation));
  const breaches = [...reportsSinceAction(situation).map(({ state }) => state === "raised"), true];
  const isEnough = (more: number) => {
    const latest = [...breaches, ...Array.from({ length: more }, () => true)].slice(-outOf);
    return latest.filter((isBreach) => isBreach).length >= consecutiveBreaches;
  };
  const counts = Array.from({ length: consecutiveBreaches }, (_, more) => more);
  return counts.find(isEnough) ?? consecutiveBreaches;
}

/** Earlier reports of the signal's kind, oldest first; a retraining for whatever cause did something about it, too. */
function reportsSinceAction({ signal, state }: Situation) {
  const reports = state.reports[signal.kind] ?? [];
  const retrainedAt = Date.parse(state.retrains.at(-1)?.startedAt ?? "1970-01-01T00:00:00Z");
  return reports
    .slice(reports.findLastIndex(({ acted }) => acted) + 1)
    .filter(({ at }) => Date.parse(at) > retrainedAt);
}

/** How signals are taken together: by the policy, or as its schema says where there is none. */
export const incidentLimits = ({ policy }: Pick<Situation, "policy">) =>
  policy?.incidents ?? INCIDENT_DEFAULTS;

/** The version that the signal is about has been claimed by this operation, which registered it itself. */
export function claimant({ signal, state }: Situation): string | undefined {
  const { version } = signal.subject;
  if (signal.kind !== "model.registered" || version === undefined) return undefined;
  return Object.hasOwn(state.claims, version) ? state.claims[version] : undefined;
}

/** The share of its budget, in percent, that a budget's notification is for; null when it does not say. */
export function budgetTier(signal: Signal): number | null {
  const { tierPercent } = signal.evidence.facts;
  return signal.kind === "budget.reached" && tierPercent !== undefined ? Number(tierPercent) : null;
}

/** The last tier: the whole budget is spent, not merely forecast to be. */
export function isLastTier(signal: Signal): boolean {
  return (budgetTier(signal) ?? 0) >= 100 && signal.evidence.facts.thresholdType !== "Forecasted";
}

/** What starting a reaction is estimated to cost, in the policy's `cost.currency`; 0 where the policy gives no estimate. */
export function estimatedCost(reaction: string, { cost }: ModelPolicy): number {
  const estimates: Readonly<Record<string, number | undefined>> = cost.estimates;
  return (Object.hasOwn(estimates, reaction) ? estimates[reaction] : undefined) ?? 0;
}
