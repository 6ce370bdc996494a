import { type ComponentChild, h } from "preact";
import type { LedgerEntry, Verification } from "../ledger/entry.ts";
import { renderPage } from "./page.ts";
import { modelLink, operationLink, shortId, table, time } from "./parts.ts";
import { count, cut } from "./words.ts";

export interface LedgerView {
  /** Newest first, perhaps not all. */
  readonly entries: readonly LedgerEntry[];
  readonly verification: Verification;
  readonly now: Date;
}

/** Who decided what, on which evidence? */
export function ledgerPage({ entries, verification, now }: LedgerView): string {
  const rows = entries.map((entry) => [
    String(entry.sequence),
    entry.kind,
    h("span", { class: "text" }, cut(entry.summary, 400)),
    cut(entry.actor),
    about(entry),
    time(entry.recordedAt, now),
    shortId(entry.hash),
  ]);
  return renderPage(
    { title: "Ledger", inConsole: true, current: "/console/ledger" },
    h("h1", null, sentence(verification)),
    h(
      "p",
      { class: "muted" },
      `The newest ${count(entries.length, "entry", "entries")}; all of them: GET /api/ledger.`,
    ),
    table(
      "Ledger",
      ["Entry", "Kind", "What", "Who", "About", "When", "Digest"],
      rows,
      "The ledger is empty. The first signal that is decided becomes its first entry.",
    ),
  );
}

function sentence({ verified, entries, broken }: Verification): string {
  if (verified) return `✓ The ledger is verified to entry ${entries}.`;
  return `✗ The ledger is broken at entry ${broken?.sequence}: ${broken?.reason}. It is verified to entry ${entries}.`;
}

function about({ model, operation }: LedgerEntry): ComponentChild {
  if (model === undefined && operation === undefined) return "–";
  return h(
    "div",
    null,
    model === undefined ? null : h("div", null, modelLink(model)),
    operation === undefined ? null : operationLink(operation, "its operation"),
  );
}
