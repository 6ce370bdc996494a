import { scaleLinear, scalePoint } from "d3-scale";
import { line } from "d3-shape";
import { type ComponentChild, h } from "preact";
import type { EvaluationPoint } from "./evaluation-points.ts";
import { cut, figure } from "./words.ts";

/** User units; the stylesheet decides how large it is shown. */
const SIZE = { width: 560, height: 240, left: 44, right: 84, top: 36, bottom: 34 } as const;

/** More names than this would run into each other below the axis. */
const MOST_NAMES = 7;

/**
 * The error at each evaluation, evenly spaced in their order: candidates as dots, champions as squares, the limit as a
 * thin line, and a rule where the candidate became champion. Its numbers belong into a table below.
 *
 * @param points - oldest first; only those with the newest one's metric and unit are drawn
 * @param promoted - versions that went live
 * @returns null when there is nothing to draw
 */
export function evaluationChart(
  points: readonly EvaluationPoint[],
  promoted: ReadonlySet<string>,
): ComponentChild {
  const newest = points.at(-1);
  if (!newest) return null;
  const drawn = points.filter(({ metric, unit }) => metric === newest.metric && unit === newest.unit);
  const { x, y } = scales(drawn, newest.limit);
  const candidates = drawn.filter(({ role }) => role === "candidate");
  const champions = drawn.filter(({ role }) => role === "champion");
  const at = (point: EvaluationPoint) => ({ cx: x(point.at) ?? 0, cy: y(point.value) });
  return h(
    "div",
    { class: "chart scroll", role: "region", "aria-label": "Chart of the error", tabindex: 0 },
    h(
      "svg",
      {
        viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
        role: "img",
        "aria-labelledby": "chart-title chart-text",
      },
      h("title", { id: "chart-title" }, `${newest.metric} in ${newest.unit} at each evaluation`),
      h("desc", { id: "chart-text" }, describe(drawn, newest)),
      ...axis(y, newest),
      ...limitLine(y, newest),
      ...candidates.filter(({ version }) => promoted.has(version)).map((point) => rule(at(point).cx)),
      curve(champions.map(at), "champion"),
      curve(candidates.map(at), "candidate"),
      ...champions.map((point) => square(at(point))),
      ...candidates.map((point) => h("circle", { class: "candidate", r: 5, ...at(point) })),
      ...names(candidates, (point) => at(point).cx),
      ...lineLabels([candidates.at(-1), champions.at(-1)], at),
    ),
  );
}

type Spot = { cx: number; cy: number };

function scales(points: readonly EvaluationPoint[], limit: number | null) {
  const top = Math.max(...points.map(({ value }) => value), limit ?? 0);
  return {
    x: scalePoint([...new Set(points.map(({ at }) => at))], [SIZE.left, SIZE.width - SIZE.right]).padding(
      0.5,
    ),
    y: scaleLinear([0, top], [SIZE.height - SIZE.bottom, SIZE.top]).nice(4),
  };
}

function describe(points: readonly EvaluationPoint[], { unit, limit }: EvaluationPoint): string {
  const words = points.map(({ role, version, value }) =>
    role === "candidate"
      ? `candidate version ${cut(version, 40)}: ${figure(value)} ${unit}`
      : `its champion: ${figure(value)} ${unit}`,
  );
  const last = words.slice(-6).join("; ");
  return `The latest values: ${last}. ${limit === null ? "No limit." : `The limit is ${figure(limit)} ${unit}.`}`;
}

function axis(y: ReturnType<typeof scales>["y"], { metric, unit }: EvaluationPoint): ComponentChild[] {
  const ticks = y
    .ticks(4)
    .map((tick) =>
      h(
        "g",
        null,
        h("line", { class: "grid", x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: y(tick), y2: y(tick) }),
        h("text", { class: "tick", x: SIZE.left - 8, y: y(tick) + 4, "text-anchor": "end" }, figure(tick)),
      ),
    );
  return [...ticks, h("text", { class: "tick", x: 4, y: 12 }, `${cut(metric, 40)}, ${unit}`)];
}

function limitLine(y: ReturnType<typeof scales>["y"], { limit }: EvaluationPoint): ComponentChild[] {
  if (limit === null) return [];
  const end = SIZE.width - SIZE.right;
  return [
    h("line", { class: "limit", x1: SIZE.left, x2: end, y1: y(limit), y2: y(limit) }),
    h("text", { class: "bad", x: end + 8, y: y(limit) + 4 }, "limit"),
  ];
}

function rule(x: number): ComponentChild {
  return h(
    "g",
    null,
    h("line", { class: "rule", x1: x, x2: x, y1: SIZE.top, y2: SIZE.height - SIZE.bottom }),
    h("text", { class: "tick", x, y: SIZE.top - 6, "text-anchor": "middle" }, "promoted"),
  );
}

function curve(spots: readonly Spot[], role: EvaluationPoint["role"]): ComponentChild {
  const path = line<Spot>(
    ({ cx }) => cx,
    ({ cy }) => cy,
  );
  return h("path", { class: `curve ${role}`, d: path([...spots]) ?? "" });
}

const square = ({ cx, cy }: Spot) =>
  h("rect", { class: "champion", x: cx - 4.5, y: cy - 4.5, width: 9, height: 9 });

/** The candidates' versions below the axis, thinned out from the newest backwards. */
function names(
  candidates: readonly EvaluationPoint[],
  x: (point: EvaluationPoint) => number,
): ComponentChild[] {
  const every = Math.ceil(candidates.length / MOST_NAMES);
  return candidates
    .filter((_, index) => (candidates.length - 1 - index) % every === 0)
    .map((point) =>
      h(
        "text",
        { class: "tick", x: x(point), y: SIZE.height - 12, "text-anchor": "middle" },
        `version ${cut(point.version, 8)}`,
      ),
    );
}

/** The end of each line says what it is, so that nobody compares colours with a legend. */
function lineLabels(
  ends: readonly (EvaluationPoint | undefined)[],
  at: (point: EvaluationPoint) => Spot,
): ComponentChild[] {
  return ends.flatMap((end) => {
    if (!end) return [];
    return [h("text", { class: end.role, x: at(end).cx + 12, y: at(end).cy + 4 }, end.role)];
  });
}
