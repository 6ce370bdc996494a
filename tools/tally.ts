import type { Decision, HeldBack, Reaction } from "../shared/policy/decision.ts";
import type { EffectivePolicy } from "../shared/policy/load.ts";
import type { SignalKind } from "../shared/signals/signal.ts";
import type { Received } from "./inbox-file.ts";

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

/** A reaction that did not start: to which signal, what held it back, until when, and what would lift it. */
type Held = {
  receivedAt: string;
  signalId: string;
  kind: SignalKind;
  model: string | null;
  reaction: Reaction;
  heldBack: HeldBack;
};

/** Holds are all counted; so many are kept one by one. */
const MOST_HELD = 10_000;

export type Tally = {
  total: Counts;
  /** By day of receipt, UTC, such as `2026-07-01`. */
  days: Record<string, Counts>;
  /** How often each hold applied. */
  holds: Record<string, number>;
  /** The first of what was held back, one by one. */
  held: Held[];
  /** How often each rule decided. */
  rules: Record<string, number>;
};

export const emptyTally = (): Tally => ({ total: { ...NONE }, days: {}, holds: {}, held: [], rules: {} });

/** Adds one decision to a tally, which is changed: a hundred thousand copies would be slow. */
export function count(
  tally: Tally,
  decision: Decision,
  effective: EffectivePolicy | null,
  { receivedAt, signal }: Received,
): void {
  const at = receivedAt.toISOString();
  const day = at.slice(0, 10);
  tally.days[day] ??= { ...NONE };
  for (const counts of [tally.total, tally.days[day]]) add(counts, decision, effective);
  tally.rules[decision.rule] = (tally.rules[decision.rule] ?? 0) + 1;
  const { heldBack, reaction } = decision;
  if (!heldBack) return;
  tally.holds[heldBack.hold] = (tally.holds[heldBack.hold] ?? 0) + 1;
  if (tally.held.length === MOST_HELD) return;
  const { id: signalId, kind, subject } = signal;
  tally.held.push({ receivedAt: at, signalId, kind, model: subject.model ?? null, reaction, heldBack });
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
