import { type ComponentChild, h } from "preact";
import type { Approval } from "../approvals/approval.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import type { ModelState } from "../models/state.ts";
import type { Operation } from "../operations/operation-store.ts";
import { Decision, type HeldBack } from "../policy/decision.ts";
import { heldInWords } from "../policy/reason.ts";
import { evaluationChart } from "./chart.ts";
import type { EvaluationPoint } from "./evaluation-points.ts";
import { operationTableOfModel } from "./operation-table.ts";
import { renderPage } from "./page.ts";
import { facts, section, shortId, state, table, text, time } from "./parts.ts";
import { phaseOf } from "./phase.ts";
import type { PolicyRow } from "./policy-rows.ts";
import { count, cut, figure, readable } from "./words.ts";

export interface ModelView {
  readonly state: ModelState;
  /** Its evaluations, oldest first. */
  readonly points: readonly EvaluationPoint[];
  /** Its operations, newest first. */
  readonly operations: readonly Operation[];
  readonly approvals: readonly Approval[];
  /** The ledger's entries of kind `decision` about it, newest first. */
  readonly decisions: readonly LedgerEntry[];
  /** Null when no pattern of the policy matches it. */
  readonly policy: { readonly digest: string; readonly rows: readonly PolicyRow[] } | null;
  readonly now: Date;
}

/** Where does it stand, and how did it get here? */
export function modelPage(view: ModelView): string {
  const { state: known, points, operations, approvals, decisions, policy, now } = view;
  const promoted = new Set(
    operations.flatMap(({ outcome, version }) => (outcome === "promoted" && version ? [version] : [])),
  );
  return renderPage(
    { title: cut(known.model), inConsole: true },
    h("h1", null, sentence(view)),
    facts([
      ["State", state(phaseOf(known, approvals))],
      ["Serves", champion(known, now)],
      ["Last retrained", known.lastRetrainedAt === null ? "never" : time(known.lastRetrainedAt, now)],
    ]),
    section("Error at each evaluation", evaluationChart(points, promoted), pointTable(points, now)),
    section(
      "Operations",
      operationTableOfModel({
        name: "Operations",
        operations,
        now,
        empty: "None yet. A signal that calls for work starts one.",
      }),
    ),
    section("Signals and decisions", decisionTable(decisions, now)),
    section("Policy", policyTable(policy)),
  );
}

function sentence({ state: { model, champion: serving, operations }, operations: all }: ModelView): string {
  const running = all.find(({ id }) => id === operations[0]?.id);
  const serves = serving === null ? "nothing serves yet" : `version ${cut(serving.version, 40)} serves`;
  const work = running ? readable(running.sentence, 300) : "Nothing is under way.";
  return `${cut(model)}: ${serves}. ${work}`;
}

function champion({ champion: serving }: ModelState, now: Date): ComponentChild {
  if (serving === null) return "nothing yet: its first promotion changes that";
  const { version, deployment, since } = serving;
  return h("span", null, `version ${cut(version, 40)} as deployment ${deployment}, since `, time(since, now));
}

function pointTable(points: readonly EvaluationPoint[], now: Date): ComponentChild {
  const rows = points.map(({ at, version, role, metric, value, unit, limit }) => [
    role === "candidate" ? `version ${cut(version, 40)}` : `champion beside version ${cut(version, 40)}`,
    h("span", { title: String(value) }, `${metric} ${figure(value)} ${unit}`),
    limit === null ? "–" : `${figure(limit)} ${unit}`,
    time(at, now),
  ]);
  return table(
    "Evaluations",
    ["Evaluated", "Error", "Limit", "When"],
    rows,
    "No evaluation yet. Each candidate that goes through staging adds a point.",
  );
}

function decisionTable(entries: readonly LedgerEntry[], now: Date): ComponentChild {
  const rows = entries.map(({ recordedAt, summary, evidence, signal = "" }) => {
    const decision = Decision.safeParse(evidence.decision).data;
    return [
      time(recordedAt, now),
      decision?.reaction ?? "–",
      decision?.heldBack ? starts(decision.heldBack, now) : "now",
      text(summary, 400),
      decision?.rule ?? "–",
      shortId(signal),
    ];
  });
  return table(
    "Signals and decisions",
    ["When", "Reaction", "Starts", "Why", "Rule", "Signal"],
    rows,
    "No signal yet. Each one appears here with what was decided about it, and why.",
  );
}

/** A moment is shown as everywhere else on the pages; what no clock ends is said in words. */
function starts(held: HeldBack, now: Date): ComponentChild {
  const words = held.until === null ? [heldInWords(held)] : [`${held.hold} until `, time(held.until, now)];
  return h("span", { class: "brief" }, state("held"), " by ", ...words);
}

function policyTable(policy: ModelView["policy"]): ComponentChild {
  if (policy === null) {
    return h(
      "p",
      { class: "empty" },
      "No pattern of the policy matches it: its signals are recorded, and nothing is done.",
    );
  }
  const rows = policy.rows.map(({ path, value, file, line }) => [
    path,
    h("span", { class: "text" }, cut(value, 200)),
    file === null ? "default" : `${file}, line ${line}`,
  ]);
  return h(
    "details",
    { id: "policy" },
    h("summary", null, `All ${count(policy.rows.length, "value")}, digest `, shortId(policy.digest)),
    table("Policy", ["Setting", "Value", "Written in"], rows, "It has no values."),
  );
}
