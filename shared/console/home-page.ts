import { type ComponentChild, h } from "preact";
import type { Approval } from "../approvals/approval.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import type { ModelState } from "../models/state.ts";
import type { Operation } from "../operations/operation-store.ts";
import type { ModelPolicy } from "../policy/schema.ts";
import { approvalRows, approvalTable } from "./approvals-page.ts";
import { operationTable } from "./operation-table.ts";
import { renderPage } from "./page.ts";
import { modelLink, section, state, table, text, time } from "./parts.ts";
import { phaseOf } from "./phase.ts";
import { count, cut, moment } from "./words.ts";

/** One model on the overview. */
export interface ModelRow {
  readonly state: ModelState;
  /** The newest decision about it; null before its first signal. */
  readonly lastDecision: LedgerEntry | null;
  /** Windows in which its policy starts nothing; empty without a policy. */
  readonly freezes: ModelPolicy["freezes"];
}

export interface HomeView {
  readonly models: readonly ModelRow[];
  /** Newest first. */
  readonly operations: readonly Operation[];
  readonly approvals: readonly Approval[];
  readonly now: Date;
}

/** Ended operations that are listed; the model pages have the others. */
const MOST_ENDED = 10;

/** Does anything need a person? */
export function homePage({ models, operations, approvals, now }: HomeView): string {
  const open = approvals.filter(({ status }) => status === "open");
  const running = operations.filter(({ outcome }) => outcome === null);
  const ended = operations.filter(({ outcome }) => outcome !== null).slice(0, MOST_ENDED);
  return renderPage(
    { title: "Overview", inConsole: true, current: "/console" },
    h("h1", null, sentence(open.length, running.length)),
    ...freezeNotices(models, now),
    section(
      "Waiting for people",
      approvalTable(
        approvalRows(open, now),
        "Nobody is waited for. A candidate that passes staging appears here.",
      ),
    ),
    section(
      "Running",
      operationTable({
        name: "Running operations",
        operations: running,
        now,
        empty: "Nothing runs. A signal that calls for work starts it.",
      }),
    ),
    section("Models", modelTable(models, operations, open, now)),
    section(
      "Ended lately",
      operationTable({
        name: "Ended operations",
        operations: ended,
        now,
        empty: "Nothing has ended yet. Each operation stays on record here.",
      }),
    ),
  );
}

function sentence(waiting: number, running: number): string {
  const work = running === 0 ? "nothing runs" : `${count(running, "operation")} running`;
  if (waiting === 0) return `Nothing needs a person; ${work}.`;
  return `${count(waiting, "approval")} ${waiting === 1 ? "waits" : "wait"} for people; ${work}.`;
}

function freezeNotices(models: readonly ModelRow[], now: Date): ComponentChild[] {
  return models.flatMap(({ state: { model }, freezes }) => {
    const freeze = freezes.find(
      ({ from, to }) => Date.parse(from) <= now.getTime() && now.getTime() < Date.parse(to),
    );
    if (!freeze) return [];
    const text = `${cut(model)} is frozen until ${moment(freeze.to)}: ${cut(freeze.reason, 400)}`;
    return [h("p", { class: "notice" }, text)];
  });
}

function modelTable(
  models: readonly ModelRow[],
  operations: readonly Operation[],
  open: readonly Approval[],
  now: Date,
): ComponentChild {
  const rows = models.map(({ state: known, lastDecision }) => [
    modelLink(known.model),
    state(phaseOf(known, open)),
    known.champion === null ? "nothing serves yet" : `version ${cut(known.champion.version, 40)}`,
    text(operations.find(({ model, outcome }) => model === known.model && outcome === null)?.sentence ?? ""),
    lastDecision === null
      ? "none yet"
      : h("div", null, time(lastDecision.recordedAt, now), text(lastDecision.summary, 200)),
  ]);
  return table(
    "Models",
    ["Model", "State", "Champion", "Under way", "Last signal"],
    rows,
    "No model is known yet. The first signal about one, such as its registration, puts it here.",
  );
}
