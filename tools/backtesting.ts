import type { Decision, HeldBack } from "../shared/policy/decision.ts";
import type { PolicyBook } from "../shared/policy/load.ts";
import type { Received } from "./inbox-file.ts";
import { SignalPlayer } from "./signal-player.ts";
import { count, emptyTally, type Tally } from "./tally.ts";

/** What one policy makes of one signal, as far as it can differ. */
export type Verdict = {
  reaction: string;
  rule: string;
  /** With until when and what would lift it. */
  heldBack: HeldBack | null;
  reason: string;
};

/** A signal that two policies answer differently. */
export type Difference = {
  receivedAt: string;
  signalId: string;
  kind: string;
  model: string | null;
  before: Verdict;
  after: Verdict;
};

export type Backtest = {
  policy: Tally;
  /** Absent when there is one policy only. */
  against?: Tally;
  differences: Difference[];
  differenceCount: number;
};

/** Differences are all counted; so many are kept one by one. */
const MOST_DIFFERENCES = 100_000;

/**
 * Plays recorded signals through one policy or two, each with a memory of its own: what one of them starts holds back
 * only its own later reactions.
 *
 * @param received - in order of time
 * @param takesMs - how long every operation is taken to last
 */
export function backtest(
  received: readonly Received[],
  policy: PolicyBook,
  against: PolicyBook | null,
  takesMs: number,
): Backtest {
  const first = { player: new SignalPlayer(policy, takesMs), tally: emptyTally() };
  const second = against && { player: new SignalPlayer(against, takesMs), tally: emptyTally() };
  const differences: Difference[] = [];
  let differenceCount = 0;
  for (const one of received) {
    const before = playInto(first, one);
    const after = second ? playInto(second, one) : before;
    if (!differ(before, after)) continue;
    differenceCount += 1;
    if (differences.length < MOST_DIFFERENCES) differences.push(difference(one, before, after));
  }
  return {
    policy: first.tally,
    ...(second ? { against: second.tally } : {}),
    differences,
    differenceCount,
  };
}

function playInto({ player, tally }: { player: SignalPlayer; tally: Tally }, one: Received): Decision {
  const { decision, effective } = player.play(one.signal, one.receivedAt);
  count(tally, decision, effective, one);
  return decision;
}

/** The words of a reason hold figures and moments: they alone are no difference. */
function differ(a: Decision, b: Decision): boolean {
  return a.reaction !== b.reaction || a.rule !== b.rule || a.heldBack?.hold !== b.heldBack?.hold;
}

function difference({ receivedAt, signal }: Received, before: Decision, after: Decision): Difference {
  return {
    receivedAt: receivedAt.toISOString(),
    signalId: signal.id,
    kind: signal.kind,
    model: signal.subject.model ?? null,
    before: verdictOf(before),
    after: verdictOf(after),
  };
}

const verdictOf = ({ reaction, rule, heldBack, reason }: Decision): Verdict => ({
  reaction,
  rule,
  heldBack,
  reason,
});
