import { durationMs } from "../duration.ts";
import type { HeldBack, Reaction } from "./decision.ts";
import { freezeAt } from "./freeze.ts";
import { breachesInARow, claimant, isWorsening, type Situation } from "./situation.ts";

type Holding = Omit<HeldBack, "hold">;
type Hold = { name: string; holds: (situation: Situation) => Holding | null };

/** What holds a reaction back. The first row that applies is the one the operator is shown. */
const HOLDS: readonly Hold[] = [
  { name: "duplicate", holds: duplicate },
  { name: "freeze", holds: freeze },
  { name: "operation-under-way", holds: claimedVersion },
  { name: "operation-under-way", holds: operationUnderWay },
  { name: "consecutive-breaches", holds: consecutiveBreaches },
  { name: "cool-down", holds: coolDown },
  { name: "quota", holds: quota },
];

export function heldBack(situation: Situation): HeldBack | null {
  for (const { name, holds } of HOLDS) {
    const holding = holds(situation);
    if (holding) return { hold: name, ...holding };
  }
  return null;
}

/**
 * Reactions that a freeze keeps from starting. A promotion may begin: it waits for the end before it rolls out, whereas
 * a candidate that was held back here would be forgotten.
 */
const FROZEN: ReadonlySet<Reaction> = new Set([
  "retraining",
  "development-loopback",
  "setup-loopback",
  "cost-review",
  "decommission",
  "image-quarantine",
]);

/** Kinds of operation that a reaction waits for: two of them at once would work against each other. */
const WAITS_FOR: Record<Reaction, readonly string[]> = {
  // It waits for its turn itself: a candidate that was held back here would be forgotten.
  promotion: [],
  retraining: ["promotion", "retraining", "rollout", "development-loopback"],
  "development-loopback": ["development-loopback"],
  "setup-loopback": [],
  "cost-review": ["cost-review"],
  decommission: ["decommission"],
  "image-quarantine": ["image-quarantine"],
  notice: [],
  "raise-event": [],
  none: [],
};

function duplicate({ signal, state }: Situation): Holding | null {
  if (!state.decidedSignals.includes(signal.id)) return null;
  return { until: null, liftedBy: "a replay of the signal from the inbox: it has been decided before" };
}

function freeze({ reaction, policy, now }: Situation): Holding | null {
  if (!policy || !FROZEN.has(reaction)) return null;
  const last = freezeAt(policy.freezes, now);
  if (!last) return null;
  const until = new Date(last.to).toISOString();
  return { until, liftedBy: `the end of the freeze (${last.reason}), or a policy without it` };
}

function claimedVersion(situation: Situation): Holding | null {
  const operation = claimant(situation);
  if (operation === undefined) return null;
  return {
    until: null,
    liftedBy: `nothing: operation ${operation} registered this version and carries it on`,
  };
}

function operationUnderWay({ reaction, state }: Situation): Holding | null {
  const other = state.operations.find(({ kind }) => WAITS_FOR[reaction].includes(kind));
  if (!other) return null;
  return { until: null, liftedBy: `the end of operation ${other.id} (${other.kind}, since ${other.since})` };
}

function consecutiveBreaches(situation: Situation): Holding | null {
  const { signal, policy } = situation;
  if (!policy || !isWorsening(signal.kind) || signal.state !== "raised") return null;
  const missing = policy.drift.consecutiveBreaches - breachesInARow(situation);
  if (missing <= 0) return null;
  return {
    until: null,
    liftedBy: `${missing} more ${missing === 1 ? "breach" : "breaches"} of ${signal.kind} in a row`,
  };
}

/** Counts from the end of the last retraining, or from its start while the end is not known. */
function coolDown({ reaction, policy, state, now }: Situation): Holding | null {
  if (reaction !== "retraining" || !policy) return null;
  const known = [state.lastRetrainedAt, ...state.retrains.map(({ startedAt }) => startedAt)];
  const last = Math.max(
    ...known.map((time) => (time === null ? Number.NEGATIVE_INFINITY : Date.parse(time))),
  );
  const end = last + durationMs(policy.retraining.coolDown);
  if (now.getTime() >= end) return null;
  const until = new Date(end).toISOString();
  return {
    until,
    liftedBy: `the end of the cool-down of ${policy.retraining.coolDown} after the last retraining`,
  };
}

function quota({ reaction, policy, state, now }: Situation): Holding | null {
  if (reaction !== "retraining" || !policy) return null;
  const { retrains, window } = policy.retraining.quota;
  const windowMs = durationMs(window);
  const counted = state.retrains
    .map(({ startedAt }) => Date.parse(startedAt))
    .filter((started) => started > now.getTime() - windowMs)
    .sort((a, b) => a - b);
  const leaves = counted[counted.length - retrains];
  if (leaves === undefined) return null;
  const until = new Date(leaves + windowMs).toISOString();
  return { until, liftedBy: `the age of earlier retrains: ${retrains} within ${window} are allowed` };
}
