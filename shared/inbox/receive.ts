import type { Services } from "../services.ts";
import type { ParseOutcome } from "../signals/outcome.ts";
import { publishSignal } from "../signals/publish.ts";
import type { InboxEntry } from "./inbox.ts";

/**
 * What every door does with a payload once it is parsed: publish its signals, then keep it with its outcome. A door
 * that returns from here has lost nothing; one that throws is tried again by its sender.
 */
export async function receive(
  door: string,
  payload: Uint8Array,
  parsed: ParseOutcome,
  { inbox, signals, now }: Pick<Services, "inbox" | "signals" | "now">,
): Promise<InboxEntry> {
  const found = parsed.outcome === "signal" ? parsed.signals : [];
  for (const signal of found) await publishSignal(signals, signal);
  return inbox.keep(payload, {
    door,
    receivedAt: now().toISOString(),
    outcome: parsed.outcome,
    kind: found[0]?.kind ?? null,
    signalIds: found.map(({ id }) => id),
    rule: parsed.rule,
    reason: "reason" in parsed ? parsed.reason : null,
    field: "field" in parsed ? parsed.field : null,
  });
}
