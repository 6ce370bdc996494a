import { durationMs } from "../duration.ts";
import type { SignalKind } from "../signals/signal.ts";
import type { Reaction } from "./decision.ts";
import { openIncident } from "./incident.ts";
import { breachesInARow, claimant, incidentLimits, isLastTier, type Situation } from "./situation.ts";

/** A row that turns one reaction into another; its name is the end of the rule's. */
type Turn = {
  name: string;
  applies: (situation: Situation) => boolean;
  reaction: Reaction;
  /** The policy's value that it rests on. */
  policyField?: string;
};

/** A budget that runs out this often in a row was planned too small: capacity is planned anew. */
const BUDGET_REPEATS = 3;

/** Before anything is held back: the first row that applies replaces the table's reaction. */
export const TURNS: readonly Turn[] = [
  {
    name: "claimed",
    applies: (situation) => claimant(situation) !== undefined,
    reaction: "raise-event",
  },
  { name: "during-rollout", applies: isDuringRollout, reaction: "raise-event" },
  {
    name: "same-incident",
    applies: isSameIncident,
    reaction: "raise-event",
    policyField: "incidents.window",
  },
  {
    name: "minor",
    applies: isMinor,
    reaction: "notice",
    policyField: "incidents.leastSeverity",
  },
  {
    name: "retraining-disabled",
    applies: isRetrainingDisabled,
    reaction: "development-loopback",
    policyField: "retraining.enabled",
  },
  {
    name: "repeated",
    applies: (situation) => isLastTier(situation.signal) && breachesInARow(situation) >= BUDGET_REPEATS,
    reaction: "setup-loopback",
  },
  { name: "last-tier", applies: ({ signal }) => isLastTier(signal), reaction: "cost-review" },
];

/**
 * After nothing held it back: retraining for the same cause again and again does not help, so people look instead.
 * It counts retrains within the quota's window.
 */
export const LOOP_GUARD: Turn = {
  name: "loop-guard",
  applies: ({ reaction, policy, state, signal, now }) => {
    if (reaction !== "retraining" || !policy) return false;
    const since = now.getTime() - durationMs(policy.retraining.quota.window);
    const same = state.retrains.filter(
      ({ cause, startedAt }) => cause === signal.kind && Date.parse(startedAt) > since,
    );
    return same.length >= policy.retraining.loopGuard;
  },
  reaction: "development-loopback",
  policyField: "retraining.loopGuard",
};

/** What the owners of security look at, whatever moves meanwhile. */
const FOR_SECURITY: ReadonlySet<SignalKind> = new Set(["policy.violated", "api.threatened"]);

/** An endpoint in trouble while traffic moves: the rollout is told, and rolls back before anything else. */
function isDuringRollout({ reaction, signal, state }: Situation): boolean {
  const concerns = reaction === "setup-loopback" && !FOR_SECURITY.has(signal.kind);
  return concerns && state.operations.some(({ kind }) => kind === "rollout");
}

/** The incident is open already: the alert is one more piece of its evidence. */
function isSameIncident(situation: Situation): boolean {
  const { reaction, state } = situation;
  if (reaction !== "setup-loopback") return false;
  return state.operations.some(({ kind }) => kind === "setup-loopback") || openIncident(situation) !== null;
}

/** Its sender does not think that somebody must act. */
function isMinor(situation: Situation): boolean {
  const { reaction, signal } = situation;
  const concerns = reaction === "setup-loopback" || reaction === "image-quarantine";
  return concerns && signal.severity > incidentLimits(situation).leastSeverity;
}

function isRetrainingDisabled({ reaction, policy }: Situation): boolean {
  return reaction === "retraining" && policy?.retraining.enabled === false;
}
