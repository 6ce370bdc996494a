import { type ComponentChild, h } from "preact";
import type { Evaluation, Figure, Verdict } from "../checks/verdict.ts";
import { state, table } from "./parts.ts";
import { cut, figure } from "./words.ts";

/** Each check: its verdict and reason as text, its figures beside what they are held against. */
export function evaluationTables(evaluation: Evaluation): ComponentChild[] {
  if (evaluation.verdicts.length === 0) return [h("p", { class: "empty" }, "No check was asked for.")];
  return evaluation.verdicts.flatMap(check);
}

function check(verdict: Verdict): ComponentChild[] {
  const { check: name, reason, sampleSize, figures } = verdict;
  const basis = `Rests on ${sampleSize} ${name === "smoke" ? "requests" : "rows"}.`;
  return [
    h("h3", null, `${cut(name)}: `, state(verdict.verdict)),
    h("p", null, `${cut(reason, 400)} `, h("span", { class: "muted" }, basis)),
    figureTable(name, figures),
  ];
}

/** Columns of figures. One that holds nothing for any figure of a check is left out: narrow screens have no room for it. */
const COLUMNS: readonly { readonly head: string; readonly cell: (figure: Figure) => ComponentChild }[] = [
  { head: "Candidate", cell: ({ candidate, unit }) => amount(candidate, unit, "candidate") },
  { head: "Champion", cell: ({ champion, unit }) => amount(champion, unit, "champion") },
  {
    head: "Difference",
    cell: ({ candidate, champion, unit }) =>
      amount(candidate === null || champion === null ? null : candidate - champion, unit),
  },
  {
    head: "95 % interval",
    cell: ({ interval, unit }) => interval && `${signed(interval.low)} to ${signed(interval.high)} ${unit}`,
  },
  {
    head: "Tolerance",
    cell: ({ tolerance, unit }) => (tolerance === null ? null : `up to +${figure(tolerance)} ${unit}`),
  },
  { head: "Limit", cell: ({ limit, unit }) => (limit === null ? null : `at most ${figure(limit)} ${unit}`) },
];

function figureTable(check: string, figures: readonly Figure[]): ComponentChild {
  const columns = COLUMNS.filter(({ cell }) => figures.some((one) => cell(one) !== null));
  const rows = figures.map((one) => [cut(one.name), ...columns.map(({ cell }) => cell(one) ?? "–")]);
  const heads = ["Figure", ...columns.map(({ head }) => head)];
  return table(`Figures of the check ${cut(check)}`, heads, rows, "It has no figures.");
}

/** Short for the eye, exact in the title; a difference, which is nobody's own figure, carries its sign. */
function amount(value: number | null, unit: string, role?: "candidate" | "champion"): ComponentChild {
  if (value === null) return null;
  const text = role === undefined ? signed(value) : figure(value);
  return h("span", { class: role, title: `${value} ${unit}` }, `${text} ${unit}`);
}

/** `+0.1`, `−1.94`; a true minus, since a hyphen beside digits is easily missed. */
function signed(value: number): string {
  const text = figure(Math.abs(value));
  if (Number(text) === 0) return text;
  return value > 0 ? `+${text}` : `−${text}`;
}
