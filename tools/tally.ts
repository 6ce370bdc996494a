import type { Decision } from "../shared/policy/decision.ts";
import type { EffectivePolicy } from "../shared/policy/load.ts";

/** What a policy would have done, by day or altogether. */
export type Counts = {
  signals: number;
  retrains: number;
  promotions: number;
  /** Loopbacks to development. */
  loopbacks: number;
  /** Loopbacks to setup: each opens one. */
  incidents: number;
  /** Times that people are asked: before production, before money is spent, before anything is removed. */
  approvals: number;
  notices: number;
  heldBack: number;
};

const NONE: Counts = {
  signals: 0,
  retrains: 0,
  promotions: 0,
  loopbacks: 0,
  incidents: 0,
  approvals: 0,
  notices: 0,
  heldBack: 0,
};

export const COUNTED = Object.keys(NONE) as (keyof Counts)[];

export type Tally = {
  total: Counts;
  /** By day of receipt, UTC, such as `2026-07-01`. */
  days: Record<string, Counts>;
  /** How often each hold applied. */
  holds: Record<string, number>;
  /** How often each rule decided. */
  rules: Record<string, number>;
};

export const emptyTally = (): Tally => ({ total: { ...NONE }, days: {}, holds: {}, rules: {} });

/** Adds one decision to a tally, which is changed: a hundred thousand copies would be slow. */
export function count(tally: Tally, decision: Decision, effective: EffectivePolicy | null, at: Date): void {
  const day = at.toISOString().slice(0, 10);
  tally.days[day] ??= { ...NONE };
  for (const counts of [tally.total, tally.days[day]]) add(counts, decision, effective);
  tally.rules[decision.rule] = (tally.rules[decision.rule] ?? 0) + 1;
  if (decision.heldBack) {
    const { hold } = decision.heldBack;
    tally.holds[hold] = (tally.holds[hold] ?? 0) + 1;
  }
}

function add(counts: Counts, decision: Decision, effective: EffectivePolicy | null): void {
  const { reaction, heldBack } = decision;
  counts.signals += 1;
  if (asks(decision, effective)) counts.approvals += 1;
  if (heldBack) counts.heldBack += 1;
  else if (reaction === "retraining") counts.retrains += 1;
  else if (reaction === "promotion") counts.promotions += 1;
  else if (reaction === "development-loopback") counts.loopbacks += 1;
  else if (reaction === "setup-loopback") counts.incidents += 1;
  else if (reaction === "notice") counts.notices += 1;
}

/** Whether people would be asked. A candidate, registered or retrained, is taken to pass staging and reach them. */
function asks({ reaction, heldBack }: Decision, effective: EffectivePolicy | null): boolean {
  if (heldBack) return heldBack.hold === "cost-approval";
  if (reaction === "promotion" || reaction === "retraining") {
    return effective?.policy.approval.gate === "approval";
  }
  return reaction === "cost-review" || reaction === "decommission";
}
