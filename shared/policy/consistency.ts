import { durationMs } from "../duration.ts";
import type { ModelPolicy } from "./schema.ts";

/** A field that is well formed by itself and makes no sense beside another. */
export type Inconsistency = { path: string; found: string; expected: string };

/** Everything in a whole policy that its fields cannot say one by one. */
export function inconsistencies(policy: ModelPolicy): Inconsistency[] {
  return [...ofRollout(policy), ...ofApproval(policy), ...ofFreezes(policy)];
}

function ofRollout({ rollout }: ModelPolicy): Inconsistency[] {
  const { steps } = rollout;
  const rising = steps.every((step, index) => index === 0 || step > (steps[index - 1] ?? 0));
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

function ofFreezes({ freezes }: ModelPolicy): Inconsistency[] {
  return freezes.flatMap(({ from, to }, index) => {
    if (Date.parse(from) < Date.parse(to)) return [];
    return [{ path: `freezes.${index}.to`, found: to, expected: `a moment after its start, ${from}` }];
  });
}
