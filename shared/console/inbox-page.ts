import { h } from "preact";
import type { InboxEntry } from "../inbox/inbox.ts";
import { renderPage } from "./page.ts";
import { shortId, state, table, text, time } from "./parts.ts";
import { count } from "./words.ts";

export interface InboxView {
  /** Newest first, perhaps not all. */
  readonly entries: readonly InboxEntry[];
  readonly now: Date;
}

/** What came in, and why did it (not) act? */
export function inboxPage({ entries, now }: InboxView): string {
  const rejected = entries.filter(({ outcome }) => outcome === "rejected").length;
  const rows = entries.map(({ id, receivedAt, door, outcome, kind, rule, reason, field }) => [
    shortId(id),
    time(receivedAt, now),
    door,
    state(outcome),
    kind ?? "–",
    text([field, reason].filter((part) => part !== null).join(": ")),
    rule,
  ]);
  return renderPage(
    { title: "Inbox", inConsole: true, current: "/console/inbox" },
    h(
      "h1",
      null,
      `${count(entries.length, "payload")} came in, ${rejected === 0 ? "all could be read" : `${rejected} could not be read`}.`,
    ),
    table(
      "Inbox",
      ["Id", "Received", "Door", "Outcome", "Kind", "Why", "Rule"],
      rows,
      "Nothing has come in yet. Each event or alert appears here as soon as it is delivered, whatever becomes of it.",
    ),
  );
}
