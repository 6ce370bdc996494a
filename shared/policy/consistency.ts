import { durationMs } from "../duration.ts";
import { freezeEnd, freezeStart } from "./freeze.ts";
import type { ModelPolicy } from "./schema.ts";
import { hasOffset } from "./zoned-time.ts";

/** A field that is well formed by itself and makes no sense beside another. */
export type Inconsistency = { path: string; found: string; expected: string };

/** Everything in a whole policy that its fields cannot say one by one. */
export function inconsistencies(policy: ModelPolicy): Inconsistency[] {
  return [
    ...ofRollout(policy),
    ...ofApproval(policy),
    ...ofCost(policy),
    ...ofFreezes(policy),
    ...ofDrift(policy),
  ];
}

function ofRollout({ rollout }: ModelPolicy): Inconsistency[] {
  const { steps } = rollout;
  const rising = steps.every((step, index) => step > (steps[index - 1] ?? 0));
  if (rising && steps.at(-1) === 100) return [];
  return [
    { path: "rollout.steps", found: JSON.stringify(steps), expected: "rising percentages, the last one 100" },
  ];
}

function ofApproval({ approval }: ModelPolicy): Inconsistency[] {
  const found: Inconsistency[] = [];
  if (approval.gate === "approval" && approval.quorum > approval.approvers.length) {
    found.push({
      path: "approval.quorum",
      found: String(approval.quorum),
      expected: `at most the number of approvers, ${approval.approvers.length}`,
    });
  }
  if (durationMs(approval.remindAfter) >= durationMs(approval.expireAfter)) {
    found.push({
      path: "approval.remindAfter",
      found: approval.remindAfter,
      expected: `less than approval.expireAfter, ${approval.expireAfter}`,
    });
  }
  return found;
}

/** What waits for a word that nobody may give would wait for ever. */
function ofCost({ cost, approval }: ModelPolicy): Inconsistency[] {
  if (cost.approvalAbove === undefined || approval.approvers.length > 0) return [];
  const expected = "at least one approver, whom cost.approvalAbove has asked";
  return [{ path: "approval.approvers", found: "none", expected }];
}

function ofFreezes({ freezes }: ModelPolicy): Inconsistency[] {
  return freezes.flatMap((freeze, index) => {
    const { from, to, timeZone } = freeze;
    const vague = (["from", "to"] as const).filter((name) => !timeZone && !hasOffset(freeze[name]));
    if (vague.length > 0) {
      return vague.map((name) => ({
        path: `freezes.${index}.${name}`,
        found: freeze[name],
        expected: "an offset such as Z or +02:00, or a timeZone beside it",
      }));
    }
    if (freezeStart(freeze) < freezeEnd(freeze)) return [];
    return [{ path: `freezes.${index}.to`, found: to, expected: `a moment after its start, ${from}` }];
  });
}

function ofDrift({ drift }: ModelPolicy): Inconsistency[] {
  const { outOf, consecutiveBreaches } = drift;
  if (outOf === undefined || outOf >= consecutiveBreaches) return [];
  return [
    {
      path: "drift.outOf",
      found: String(outOf),
      expected: `at least drift.consecutiveBreaches, ${consecutiveBreaches}`,
    },
  ];
}
