import { durationMs } from "../duration.ts";
import type { HeldBack, Reaction, UntilEvent } from "./decision.ts";
import { flappingUntil } from "./flapping.ts";
import { freezeAt, freezeEnd } from "./freeze.ts";
import {
  breachesMissing,
  claimant,
  estimatedCost,
  incidentLimits,
  isWorsening,
  type Situation,
} from "./situation.ts";

/** Each hold says until when: up to a moment, or until something happens that no clock can tell. */
type Holding = { liftedBy: string } & ({ until: string } | { untilEvent: UntilEvent });
type Hold = { name: string; holds: (situation: Situation) => Holding | null; policyField?: string };

/** What holds a reaction back. The first row that applies is the one the operator is shown. */
const HOLDS: readonly Hold[] = [
  { name: "duplicate", holds: duplicate },
  // What is no finding is not counted as one, so these two come before all that would count it.
  { name: "noise", holds: noise, policyField: "drift.minimumImportance" },
  { name: "minimum-sample", holds: minimumSample, policyField: "drift.minimumSample" },
  { name: "freeze", holds: freeze, policyField: "freezes" },
  { name: "operation-under-way", holds: claimedVersion },
  { name: "operation-under-way", holds: operationUnderWay },
  { name: "flapping", holds: flapping, policyField: "incidents.changes" },
  { name: "consecutive-breaches", holds: consecutiveBreaches, policyField: "drift.consecutiveBreaches" },
  { name: "confirmation", holds: confirmation, policyField: "drift.actOn" },
  { name: "cool-down", holds: coolDown, policyField: "retraining.coolDown" },
  { name: "quota", holds: quota, policyField: "retraining.quota.retrains" },
];

export function heldBack(situation: Situation): HeldBack | null {
  return firstHold(HOLDS, situation);
}

/** What is asked last, about the reaction that would really start: nobody approves what would not happen. */
export function awaitsApproval(situation: Situation): HeldBack | null {
  return firstHold(
    [{ name: "cost-approval", holds: costApproval, policyField: "cost.approvalAbove" }],
    situation,
  );
}

function firstHold(rows: readonly Hold[], situation: Situation): HeldBack | null {
  for (const { name, holds, policyField } of rows) {
    const holding = holds(situation);
    if (!holding) continue;
    return {
      hold: name,
      until: null,
      ...holding,
      ...(policyField && situation.policy ? { policyField } : {}),
    };
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

/** Not a promotion, which happens once; not a quarantine, which would come too late. */
const CALMED: ReadonlySet<Reaction> = new Set([
  "retraining",
  "development-loopback",
  "setup-loopback",
  "cost-review",
  "decommission",
  "notice",
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
  return {
    untilEvent: { event: "replay", signal: signal.id },
    liftedBy: "a replay of the signal from the inbox: it has been decided before",
  };
}

function freeze({ reaction, policy, now }: Situation): Holding | null {
  if (!policy || !FROZEN.has(reaction)) return null;
  const last = freezeAt(policy.freezes, now);
  if (!last) return null;
  const until = new Date(freezeEnd(last)).toISOString();
  const local = last.timeZone === undefined ? "" : `, ${last.to} in ${last.timeZone}`;
  return { until, liftedBy: `the end of the freeze (${last.reason}${local}), or a policy without it` };
}

function claimedVersion(situation: Situation): Holding | null {
  const operation = claimant(situation);
  if (operation === undefined) return null;
  return {
    untilEvent: { event: "never", operation },
    liftedBy: `nothing: operation ${operation} registered this version and carries it on`,
  };
}

function operationUnderWay({ reaction, state }: Situation): Holding | null {
  const other = state.operations.find(({ kind }) => WAITS_FOR[reaction].includes(kind));
  if (!other) return null;
  return {
    untilEvent: { event: "operation-end", operation: other.id, kind: other.kind },
    liftedBy: `the end of operation ${other.id} (${other.kind}, since ${other.since})`,
  };
}

function consecutiveBreaches(situation: Situation): Holding | null {
  const { signal, policy } = situation;
  if (!policy || !isWorsening(signal.kind) || signal.state !== "raised") return null;
  const more = breachesMissing(situation, policy.drift);
  if (more === 0) return null;
  const { outOf } = policy.drift;
  const among = outOf === undefined ? "in a row" : `within the last ${outOf} reports`;
  return {
    untilEvent: { event: "breaches", kind: signal.kind, more },
    liftedBy: `${more} more ${more === 1 ? "breach" : "breaches"} of ${signal.kind} ${among}`,
  };
}

function noise(situation: Situation): Holding | null {
  if (situation.triage?.verdict !== "noise") return null;
  const importance = situation.policy?.drift.minimumImportance ?? 0;
  const feature = importance > 0 ? ` of a feature that matters at least ${importance}` : "";
  return {
    untilEvent: { event: "finding", kind: situation.signal.kind, importance },
    liftedBy: `a value on the bad side of its limit${feature}`,
  };
}

function minimumSample({ signal, policy }: Situation): Holding | null {
  if (!policy || !isWorsening(signal.kind) || signal.state !== "raised") return null;
  const sizes = signal.evidence.measurements.flatMap(({ sampleSize }) => sampleSize ?? []);
  const largest = Math.max(...sizes);
  const rows = policy.drift.minimumSample;
  if (sizes.length === 0 || largest >= rows) return null;
  return {
    untilEvent: { event: "sample", kind: signal.kind, rows },
    liftedBy: `a finding that rests on at least ${rows} rows; this one has ${largest}`,
  };
}

function flapping(situation: Situation): Holding | null {
  const { reaction, signal } = situation;
  if (!CALMED.has(reaction) || signal.state !== "raised") return null;
  const until = flappingUntil(situation);
  if (until === null) return null;
  const { changes, changesWithin } = incidentLimits(situation);
  return {
    until: new Date(until).toISOString(),
    liftedBy: `fewer than ${changes} changes of ${signal.kind} between raised and cleared within ${changesWithin}`,
  };
}

function confirmation(situation: Situation): Holding | null {
  const { policy } = situation;
  if (policy?.drift.actOn !== "confirmed" || situation.triage?.verdict !== "suspected") return null;
  return {
    untilEvent: { event: "confirmation", kind: "performance.degraded" },
    liftedBy: `a finding that performance got worse, within ${policy.drift.confirmWithin} of the drift`,
  };
}

function costApproval({ reaction, policy, state, now }: Situation): Holding | null {
  if (!policy) return null;
  const { approvalAbove, currency } = policy.cost;
  const estimate = estimatedCost(reaction, policy);
  if (approvalAbove === undefined || estimate <= approvalAbove) return null;
  const isApproved = state.approvedCosts.some((approved) => {
    const covers = approved.reaction === reaction && approved.amount >= estimate;
    return covers && now.getTime() < Date.parse(approved.until);
  });
  if (isApproved) return null;
  return {
    untilEvent: { event: "approval", reaction, amount: estimate, currency },
    liftedBy: `an approval to spend ${estimate} ${currency} on ${reaction}`,
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
