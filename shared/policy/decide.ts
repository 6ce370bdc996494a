import type { ModelState } from "../models/state.ts";
import type { Signal } from "../signals/signal.ts";
import type { Decision, Reaction } from "./decision.ts";
import { awaitsApproval, heldBack } from "./holds.ts";
import { openIncident } from "./incident.ts";
import type { EffectivePolicy } from "./load.ts";
import { REACTION_TABLE, reactionWithoutPolicy } from "./reaction-table.ts";
import { reasonFor } from "./reason.ts";
import type { Situation } from "./situation.ts";
import { triage } from "./triage.ts";
import { LOOP_GUARD, TURNS } from "./turns.ts";

type Choice = { reaction: Reaction; rule: string; turn: string | null; policyField?: string };

/**
 * What a signal calls for, by which rule, and what holds it back. Pure: no clock, no I/O, no log.
 *
 * @param effective - the policy of the signal's model; null when it has none
 * @param state - of the signal's model, or of whatever else the signal is about
 * @returns a decision also when nothing follows: an operator must see why
 */
export function decide(
  signal: Signal,
  effective: EffectivePolicy | null,
  state: ModelState,
  now: Date,
): Decision {
  const policy = effective?.policy ?? null;
  const tabled = fromTable(signal, effective);
  const found = triage({ signal, policy, state, now });
  const situation: Situation = { signal, policy, state, now, reaction: tabled.reaction, triage: found };
  const turned = signal.state === "raised" ? turn(tabled, TURNS, situation) : tabled;
  const standing = { ...situation, reaction: turned.reaction };
  const early = heldBack(standing);
  const choice = early ? turned : turn(turned, [LOOP_GUARD], standing);
  const held = early ?? awaitsApproval({ ...situation, reaction: choice.reaction });
  const incident = held ? undefined : incidentOf(choice, situation);
  return {
    signalId: signal.id,
    reaction: choice.reaction,
    rule: choice.rule,
    reason: reasonFor(signal, choice.reaction, choice.turn, held, found),
    ...(choice.policyField && effective ? { policyField: choice.policyField } : {}),
    ...(found ? { triage: found } : {}),
    ...(incident === undefined ? {} : { incident }),
    heldBack: held,
    policyDigest: effective?.digest ?? "",
    decidedAt: now.toISOString(),
  };
}

/** The table's row. What has cleared starts nothing; it is told to the operation that waits for it. */
function fromTable(signal: Signal, effective: EffectivePolicy | null): Choice {
  if (signal.state === "cleared") {
    return { reaction: "raise-event", rule: `${signal.kind}/cleared`, turn: null };
  }
  if (effective) {
    const { scenario } = effective.policy;
    return {
      reaction: REACTION_TABLE[signal.kind][scenario],
      rule: `${signal.kind}/${scenario}`,
      turn: null,
      policyField: "scenario",
    };
  }
  const reaction = reactionWithoutPolicy(signal.kind);
  const isForModel = signal.subject.model !== undefined && reaction !== "raise-event";
  if (reaction === null || isForModel) return { reaction: "none", rule: "no-policy", turn: "no-policy" };
  return { reaction, rule: signal.kind, turn: null };
}

function turn(choice: Choice, rows: typeof TURNS, situation: Situation): Choice {
  const row = choice.reaction === "none" ? undefined : rows.find(({ applies }) => applies(situation));
  if (!row) return choice;
  const { name, reaction, policyField = choice.policyField } = row;
  return {
    reaction,
    rule: `${choice.rule}/${name}`,
    turn: name,
    ...(policyField === undefined ? {} : { policyField }),
  };
}

/** A loopback to setup opens an incident; what belongs to an open one, or clears part of it, carries its id. */
function incidentOf({ reaction, turn: turned }: Choice, situation: Situation): string | undefined {
  const { signal, state } = situation;
  if (reaction === "setup-loopback") return signal.id;
  if (turned === "same-incident") return openIncident(situation)?.id;
  return signal.state === "cleared" && state.incident ? state.incident.id : undefined;
}
