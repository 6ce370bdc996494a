import type { Services } from "../services.ts";
import { type ParseOutcome, rejected } from "../signals/outcome.ts";
import { publishSignal } from "../signals/publish.ts";
import type { Signal } from "../signals/signal.ts";
import type { InboxEntry } from "./inbox.ts";

/** What a door needs of the adapters. */
export type Receiving = Pick<Services, "inbox" | "signals" | "now">;

/** A message of Service Bus holds 256 KB, a row of the inbox 480,000 characters: a signal is cut to fit both. */
const LONGEST_SIGNAL = 200_000;

/**
 * What every door does with a payload once it is parsed: publish its signals, then keep it with its outcome. A door
 * that returns from here has lost nothing; one that throws is tried again by its sender. What the queue did not take
 * is kept all the same, so that it can be replayed should the sender give up.
 *
 * @param alongside - signals of a payload of which another part could not be read
 */
export async function receive(
  door: string,
  payload: Uint8Array,
  parsed: ParseOutcome,
  { inbox, signals, now }: Receiving,
  alongside: readonly Signal[] = [],
): Promise<InboxEntry> {
  const own = parsed.outcome === "signal" ? parsed.signals : [];
  const found = [...own, ...alongside].map(fitting);
  const entry = {
    door,
    receivedAt: now().toISOString(),
    outcome: parsed.outcome,
    rule: parsed.rule,
    reason: "reason" in parsed ? parsed.reason : null,
    field: "field" in parsed ? parsed.field : null,
    signals: found,
  };
  try {
    for (const signal of found) await publishSignal(signals, signal);
  } catch (error) {
    const reason = "it was read, but the signals queue did not take it; its sender is asked to try again";
    await inbox.keep(payload, { ...entry, outcome: "rejected", reason, signals: [] });
    throw error;
  }
  return inbox.keep(payload, entry);
}

/** Parsers do not throw. Should one do so all the same, the payload is kept and says so, instead of being lost. */
export function parseSafely(parse: () => ParseOutcome): ParseOutcome {
  try {
    return parse();
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    return rejected(
      "parser-failed",
      "",
      `the parser itself failed with ${name}: this is a bug worth a report`,
    );
  }
}

/** Keeps as many of the measurements, the first ones, as travel in one message. */
function fitting(signal: Signal): Signal {
  let cut = signal;
  while (JSON.stringify(cut).length > LONGEST_SIGNAL && cut.evidence.measurements.length > 0) {
    const half = cut.evidence.measurements.slice(0, Math.floor(cut.evidence.measurements.length / 2));
    cut = { ...cut, evidence: { ...cut.evidence, measurements: half } };
  }
  return cut;
}
