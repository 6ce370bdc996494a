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
    time(receivedAt, now),
    state(outcome),
    kind ?? "–",
    text([field, reason].filter((part) => part !== null).join(": ")),
    h("div", null, door, h("div", { class: "muted" }, rule)),
    shortId(id),
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
      ["Received", "Outcome", "Kind", "Why", "Door and rule", "Id"],
      rows,
      "Nothing has come in yet. Each event or alert appears here as soon as it is delivered, whatever becomes of it.",
    ),
  );
}
