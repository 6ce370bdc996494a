import type { ModelState } from "../models/state.ts";
import type { Signal, SignalKind } from "../signals/signal.ts";
import type { Decision, Reaction } from "./decision.ts";
import { incidentAfter } from "./incident.ts";
import { isLastTier, isWorsening } from "./situation.ts";

/** Older ones are forgotten: a redelivery comes within a day, and Service Bus and the inbox know it as well. */
const DECIDED_SIGNALS_KEPT = 200;
const BREACHES_KEPT = 50;
/** As many as a policy may ask for, in `drift.outOf` and `incidents.changes`, and one before them. */
const REPORTS_KEPT = 51;
const RETRAINS_KEPT = 100;

/** Reactions that do something about what was counted; retraining does so for every kind at once. */
const ENDS_A_COUNT: ReadonlySet<Reaction> = new Set(["retraining", "development-loopback", "setup-loopback"]);

/**
 * The state to store with a decision. Pure.
 *
 * A duplicate changes nothing. A breach counts even while something holds its reaction back, so that the next one
 * after a cool-down acts at once; it stops counting when it clears or when its reaction starts. While an operation
 * that may replace the champion is under way, a worse model is no news: such a breach does not count.
 */
export function stateAfter(signal: Signal, decision: Decision, state: ModelState, now: Date): ModelState {
  if (decision.heldBack?.hold === "duplicate") return state;
  const decidedSignals = [...state.decidedSignals, signal.id].slice(-DECIDED_SIGNALS_KEPT);
  const isRetraining = decision.reaction === "retraining" && decision.heldBack === null;
  const retrain = { startedAt: now.toISOString(), cause: signal.kind };
  return {
    ...state,
    decidedSignals,
    breaches: isFinding(decision) ? breachesAfter(signal, decision, state, now) : state.breaches,
    reports: isFinding(decision) ? reportsAfter(signal, decision, state, now) : state.reports,
    incident: incidentAfter(signal, decision, state, now),
    retrains: isRetraining ? [...state.retrains, retrain].slice(-RETRAINS_KEPT) : state.retrains,
    ...costsAfter(signal, decision, state, now),
  };
}

/** A reaction that waits for an approval asks for it once, whatever else calls for it; what starts uses it up. */
function costsAfter(
  signal: Signal,
  { reaction, heldBack }: Decision,
  { costRequests, approvedCosts }: ModelState,
  now: Date,
): Pick<ModelState, "costRequests" | "approvedCosts"> {
  if (signal.state === "cleared") {
    return { costRequests: costRequests.filter(({ kind }) => kind !== signal.kind), approvedCosts };
  }
  const others = costRequests.filter((request) => request.reaction !== reaction);
  if (heldBack?.hold === "cost-approval") {
    const request = { reaction, kind: signal.kind, signal: signal.id, at: now.toISOString() };
    return { costRequests: [...others, request], approvedCosts };
  }
  if (heldBack) return { costRequests, approvedCosts };
  return {
    costRequests: others,
    approvedCosts: approvedCosts.filter((approved) => approved.reaction !== reaction),
  };
}

function breachesAfter(signal: Signal, decision: Decision, { breaches }: ModelState, now: Date) {
  if (signal.state === "cleared") return without(breaches, signal.kind);
  const hasStarted = decision.heldBack === null;
  if (decision.reaction === "retraining" && hasStarted) return {};
  if (ENDS_A_COUNT.has(decision.reaction) && hasStarted) return without(breaches, signal.kind);
  const isBeingMended = isWorsening(signal.kind) && decision.heldBack?.hold === "operation-under-way";
  if (isBeingMended || (!isWorsening(signal.kind) && !isLastTier(signal))) return breaches;
  const row = [...(breaches[signal.kind] ?? []), now.toISOString()].slice(-BREACHES_KEPT);
  return { ...breaches, [signal.kind]: row };
}

/** Noise, and what rests on too few rows, says nothing: it neither counts nor ends a count. */
function isFinding({ heldBack, reaction }: Decision): boolean {
  return reaction !== "none" && heldBack?.hold !== "noise" && heldBack?.hold !== "minimum-sample";
}

/** Kinds that happen once, and are not raised and cleared. */
const MOMENTARY: ReadonlySet<SignalKind> = new Set([
  "model.registered",
  "model.deployed",
  "job.completed",
  "job.failed",
]);

function reportsAfter(signal: Signal, decision: Decision, { reports }: ModelState, now: Date) {
  const isBeingMended = isWorsening(signal.kind) && decision.heldBack?.hold === "operation-under-way";
  if (MOMENTARY.has(signal.kind) || isBeingMended) return reports;
  const acted =
    signal.state === "raised" && decision.heldBack === null && ENDS_A_COUNT.has(decision.reaction);
  const report = { at: now.toISOString(), state: signal.state, acted };
  return { ...reports, [signal.kind]: [...(reports[signal.kind] ?? []), report].slice(-REPORTS_KEPT) };
}

function without(breaches: ModelState["breaches"], kind: SignalKind): ModelState["breaches"] {
  return Object.fromEntries(Object.entries(breaches).filter(([other]) => other !== kind));
}
