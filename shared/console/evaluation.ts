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
    table(
      `Figures of the check ${cut(name)}`,
      ["Figure", "Candidate", "Champion", "Difference", "95 % interval", "Tolerance", "Limit"],
      figures.map(figureCells),
      "It has no figures.",
    ),
  ];
}

function figureCells(one: Figure): ComponentChild[] {
  const { name, unit, candidate, champion, interval, tolerance, limit } = one;
  const difference = candidate === null || champion === null ? null : candidate - champion;
  return [
    cut(name),
    amount(candidate, unit, "candidate"),
    amount(champion, unit, "champion"),
    amount(difference, unit),
    interval === null ? "–" : `${signed(interval.low)} to ${signed(interval.high)} ${unit}`,
    tolerance === null ? "–" : `up to +${figure(tolerance)} ${unit}`,
    limit === null ? "–" : `at most ${figure(limit)} ${unit}`,
  ];
}

/** Short for the eye, exact in the title; a difference, which is nobody's own figure, carries its sign. */
function amount(value: number | null, unit: string, role?: "candidate" | "champion"): ComponentChild {
  if (value === null) return "–";
  const text = role === undefined ? signed(value) : figure(value);
  return h("span", { class: role, title: `${value} ${unit}` }, `${text} ${unit}`);
}

/** `+0.1`, `−1.94`; a true minus, since a hyphen beside digits is easily missed. */
function signed(value: number): string {
  const text = figure(Math.abs(value));
  if (Number(text) === 0) return text;
  return value > 0 ? `+${text}` : `−${text}`;
}
