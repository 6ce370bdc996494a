import { type ComponentChild, h } from "preact";
import type { Evaluation, Figure, Verdict, VerdictWord } from "../checks/verdict.ts";
import { cut, figure } from "./words.ts";

/** A state is a word and a sign, never a colour alone. */
const SIGNS: Record<VerdictWord, string> = {
  passed: "✓ passed",
  failed: "✗ failed",
  inconclusive: "? inconclusive",
};

/** Each check with its figures beside their limits. */
export function evaluationTable(evaluation: Evaluation): ComponentChild {
  const heads = ["Check", "Candidate", "Champion", "Difference", "Limit", "Rows or requests", "Verdict"];
  const rows = evaluation.verdicts.flatMap((verdict) => [
    ...verdict.figures.map((one, index) => figureRow(verdict, one, index === 0)),
    h(
      "tr",
      { class: "reason" },
      h("td", { colspan: heads.length }, `${verdict.check}: ${cut(verdict.reason, 400)}`),
    ),
  ]);
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, ...heads.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, ...rows),
    ),
  );
}

function figureRow(verdict: Verdict, one: Figure, isFirst: boolean): ComponentChild {
  const value = (number: number | null) =>
    h(
      "td",
      { class: "number", title: number === null ? undefined : String(number) },
      number === null ? "–" : `${figure(number)} ${one.unit}`,
    );
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, `${verdict.check}: ${one.name}`),
    value(one.candidate),
    value(one.champion),
    h("td", { class: "number" }, difference(one)),
    value(one.limit),
    h("td", { class: "number" }, isFirst ? String(verdict.sampleSize) : ""),
    h("td", { class: verdict.verdict }, isFirst ? SIGNS[verdict.verdict] : ""),
  );
}

function difference({ candidate, champion, interval, tolerance, unit }: Figure): string {
  if (candidate === null || champion === null) return "–";
  const range = interval ? ` (95 %: ${figure(interval.low)} to ${figure(interval.high)})` : "";
  const allowed = tolerance === null ? "" : `, up to ${figure(tolerance)} allowed`;
  return `${figure(candidate - champion)} ${unit}${range}${allowed}`;
}
