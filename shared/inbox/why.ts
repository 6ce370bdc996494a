import * as z from "zod";
import type { LedgerEntry } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { Decision } from "../policy/decision.ts";
import type { Inbox, InboxEntry } from "./inbox.ts";

/** What was decided on one signal of a payload; `decision` is null while it waits for its turn. */
export interface Answer {
  readonly signalId: string;
  readonly decision: Decision | null;
  /** Where the ledger has it. */
  readonly sequence: number | null;
}

export interface Why {
  readonly id: string;
  readonly outcome: InboxEntry["outcome"];
  /** As an operator would say it. */
  readonly sentence: string;
  readonly decisions: readonly Answer[];
}

const Evidence = z.object({ decision: Decision });

/** What was decided about a payload and why, from the ledger's decision entries. */
export async function why(entry: InboxEntry, inbox: Inbox, ledger: Ledger): Promise<Why> {
  const decisions = await Promise.all(
    entry.signalIds.map(async (signalId) => answerOf(signalId, await ledger.find(`signal:${signalId}`))),
  );
  const first = entry.outcome === "duplicate" ? await inbox.arrival(entry.signalIds[0] ?? "") : null;
  return { id: entry.id, outcome: entry.outcome, sentence: sentenceOf(entry, decisions, first), decisions };
}

function answerOf(signalId: string, entry: LedgerEntry | null): Answer {
  const read = Evidence.safeParse(entry?.evidence);
  if (!entry || !read.success) return { signalId, decision: null, sequence: null };
  return { signalId, decision: read.data.decision, sequence: entry.sequence };
}

function sentenceOf(
  entry: InboxEntry,
  decisions: readonly Answer[],
  first: { entry: string; receivedAt: string } | null,
): string {
  const { outcome, door, rule, reason, receivedAt } = entry;
  const came = `This came to ${door} at ${receivedAt}`;
  if (outcome === "handshake") {
    return `${came} and was the handshake of a new subscription: it was answered, and there was nothing to decide.`;
  }
  if (outcome === "ignored") {
    return `${came} and was read, but calls for nothing, by rule ${rule}: ${reason}.`;
  }
  const decided = decisions.map(({ signalId, decision }) => {
    return decision?.reason ?? `Signal ${signalId} waits for its turn: nothing has been decided yet.`;
  });
  if (outcome === "rejected") {
    const also = decided.length === 0 ? "Nothing was decided" : `The rest was read: ${decided.join(" ")}`;
    return `${came} and could not be read, by rule ${rule}: ${reason}. ${also}; mend it and replay it.`;
  }
  if (first) {
    return `${came}, but the same had come at ${first.receivedAt} (entry ${first.entry}) and is decided once: ${decided.join(" ")}`;
  }
  return `${came}. ${decided.join(" ")}`;
}
