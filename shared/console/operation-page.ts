import { type ComponentChild, h } from "preact";
import type { Operation } from "../operations/operation-store.ts";
import type { TimelineRow } from "../operations/timeline.ts";
import { operationTable } from "./operation-table.ts";
import { renderPage } from "./page.ts";
import { facts, modelLink, operationLink, section, shortId, state, table, text, time } from "./parts.ts";
import { cut, readable, span } from "./words.ts";

export interface OperationPageView {
  readonly operation: Operation;
  readonly status: {
    /** The platform's own word, such as `Running`; `Purged` once its history is gone. */
    readonly runtimeStatus: string;
    readonly sentence: string;
  };
  /** Oldest first. */
  readonly timeline: readonly TimelineRow[];
  readonly children: readonly Operation[];
  readonly now: Date;
}

/** What is it doing, why, and what next? */
export function operationPage({ operation, status, timeline, children, now }: OperationPageView): string {
  const { id, kind, model, version, outcome, cause, startedAt, endedAt, parent, policyDigest } = operation;
  return renderPage(
    { title: `${kind} of ${cut(model)}`, inConsole: true },
    h("h1", null, readable(status.sentence, 400)),
    facts([
      ["State", h("span", null, state(outcome ?? "running"), `; the platform says ${status.runtimeStatus}`)],
      ["What", `${kind}${version === null ? "" : ` of version ${cut(version, 40)}`}`],
      ["Model", modelLink(model)],
      ["Cause", `${readable(cause.summary, 400)} (${cause.kind})`],
      ["Began", time(startedAt, now)],
      ["Ended", endedAt === null ? "not yet" : time(endedAt, now)],
      ["Part of", parent === null ? "nothing: it answers the signal itself" : operationLink(parent)],
      ["Signal", shortId(cause.signal)],
      ["Policy", shortId(policyDigest)],
      ...wayBack(operation),
      ["Id", h("code", null, id)],
    ]),
    section(
      "Timeline",
      ...earlier(operation, timeline.length),
      timelineTable(timeline.slice(-MOST_STEPS), now),
    ),
    section(
      "Operations that it started",
      operationTable({
        name: "Parts",
        operations: children,
        now,
        empty: "None. A retraining starts the promotion of what it trained.",
      }),
    ),
  );
}

/** Steps that keep the page quick to load; a wait that looks again and again is folded into one of them. */
const MOST_STEPS = 100;

function earlier({ id }: Operation, steps: number): ComponentChild[] {
  if (steps <= MOST_STEPS) return [];
  const text = `${steps - MOST_STEPS} earlier steps are not shown; all of them: GET /api/operations/${id}`;
  return [h("p", { class: "muted" }, text)];
}

/** Calling back takes a name and a reason, which only the API asks for. */
function wayBack({ id, kind, outcome }: Operation): [string, ComponentChild][] {
  if (kind !== "promotion" || outcome !== null) return [];
  return [["To call it back", h("code", null, `POST /api/operations/${id}/rollback {"reason": …, "by": …}`)]];
}

function timelineTable(timeline: readonly TimelineRow[], now: Date): ComponentChild {
  const rows = timeline.map(({ at, step, outcome, detail, durationMs, attempts }) => [
    text(step, 200),
    state(outcome),
    durationMs === null ? "open" : span(durationMs),
    attempts === 1 ? "once" : `${attempts} times`,
    time(at, now),
    text(detail, 400),
  ]);
  return table(
    "Timeline",
    ["Step", "State", "Took", "Tried", "When", "What came of it"],
    rows,
    "No steps to show: either it begins in a moment, or its history was purged. The ledger keeps what was decided.",
  );
}
