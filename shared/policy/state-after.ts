import type { ModelState } from "../models/state.ts";
import type { Signal, SignalKind } from "../signals/signal.ts";
import type { Decision } from "./decision.ts";
import { isLastTier, isWorsening } from "./situation.ts";

/** Older ones are forgotten: a redelivery comes within a day, and Service Bus and the inbox know it as well. */
const DECIDED_SIGNALS_KEPT = 200;
const BREACHES_KEPT = 50;
const RETRAINS_KEPT = 100;

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
    breaches: breachesAfter(signal, decision, state, now),
    retrains: isRetraining ? [...state.retrains, retrain].slice(-RETRAINS_KEPT) : state.retrains,
  };
}

function breachesAfter(signal: Signal, decision: Decision, { breaches }: ModelState, now: Date) {
  if (decision.reaction === "none") return breaches;
  if (signal.state === "cleared") return without(breaches, signal.kind);
  const hasStarted = decision.heldBack === null;
  if (decision.reaction === "retraining" && hasStarted) return {};
  const isEnded = decision.reaction === "development-loopback" || decision.reaction === "setup-loopback";
  if (isEnded && hasStarted) return without(breaches, signal.kind);
  const isBeingMended = isWorsening(signal.kind) && decision.heldBack?.hold === "operation-under-way";
  if (isBeingMended || (!isWorsening(signal.kind) && !isLastTier(signal))) return breaches;
  const row = [...(breaches[signal.kind] ?? []), now.toISOString()].slice(-BREACHES_KEPT);
  return { ...breaches, [signal.kind]: row };
}

function without(breaches: ModelState["breaches"], kind: SignalKind): ModelState["breaches"] {
  return Object.fromEntries(Object.entries(breaches).filter(([other]) => other !== kind));
}
