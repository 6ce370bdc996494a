import type { ParseOutcome } from "../signals/outcome.ts";
import type { Signal } from "../signals/signal.ts";
import { signalId } from "../signals/signal-id.ts";

/**
 * The outcome of a payload that is sent again on purpose. Each signal gets a new id, made from its own and from the
 * replay's name: neither Service Bus nor `decide` takes it for a redelivery, so it is decided anew, under the policy
 * and the state of now. Everything else stays, the time it occurred included.
 *
 * @param replay - names this replay and no other, such as the entry's id and the moment of the replay
 */
export function asNewOccurrence(parsed: ParseOutcome, replay: string): ParseOutcome {
  return parsed.outcome === "signal" ? { ...parsed, signals: renamed(parsed.signals, replay) } : parsed;
}

/** The same for signals alone. */
export function renamed(signals: readonly Signal[], replay: string): Signal[] {
  return signals.map((signal) => ({
    ...signal,
    id: signalId(signal.kind, signal.id, "replay", replay),
    evidence: { ...signal.evidence, facts: { ...signal.evidence.facts, replayOf: signal.id } },
  }));
}
