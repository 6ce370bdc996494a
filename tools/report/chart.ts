import { scaleBand, scaleLinear } from "d3-scale";
import { stack } from "d3-shape";
import { type ComponentChild, h } from "preact";
import type { Counts, Tally } from "../tally.ts";

/** What the bars are made of, from the bottom up; the colours are told apart in grey and by the colour-blind. */
const SERIES: readonly { name: keyof Counts; label: string; colour: string }[] = [
  { name: "retrains", label: "retrains", colour: "#0072b2" },
  { name: "promotions", label: "promotions", colour: "#56b4e9" },
  { name: "loopbacks", label: "loopbacks to development", colour: "#e69f00" },
  { name: "incidents", label: "incidents", colour: "#d55e00" },
  { name: "notices", label: "notices", colour: "#009e73" },
  { name: "heldBack", label: "held back", colour: "#bbbbbb" },
];

const WIDTH = 960;
const HEIGHT = 300;
const MARGIN = { top: 48, right: 12, bottom: 32, left: 52 };
const MOST_LABELS = 12;

/**
 * What happened each day, as stacked bars.
 *
 * @param most - the tallest day of all charts that are compared
 */
export function dayChart(title: string, { days }: Tally, most: number): ComponentChild {
  const names = Object.keys(days);
  const x = scaleBand(names, [MARGIN.left, WIDTH - MARGIN.right]).padding(0.15);
  const y = scaleLinear([0, Math.max(1, most)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice();
  const layers = stack<[string, Counts]>()
    .keys(SERIES.map(({ name }) => name))
    .value(([, counts], key) => SERIES.reduce((sum, { name }) => (name === key ? counts[name] : sum), 0))(
    Object.entries(days),
  );
  const every = Math.ceil(names.length / MOST_LABELS);
  return h(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      width: WIDTH,
      height: HEIGHT,
      role: "img",
      "font-family": "system-ui, sans-serif",
      "font-size": 12,
      // As dark as the page around it; a file of its own is black on white.
      fill: "currentColor",
    },
    h("title", null, title),
    h("rect", { width: WIDTH, height: HEIGHT, fill: "var(--paper, #fff)" }),
    h("text", { x: MARGIN.left, y: 16, "font-weight": "bold" }, title),
    legend(),
    y
      .ticks(5)
      // Nothing happens half a time.
      .filter(Number.isInteger)
      .map((tick) => [
        h("line", {
          x1: MARGIN.left,
          x2: WIDTH - MARGIN.right,
          y1: y(tick),
          y2: y(tick),
          stroke: "var(--line, #ddd)",
        }),
        h("text", { x: MARGIN.left - 6, y: y(tick) + 4, "text-anchor": "end" }, String(tick)),
      ]),
    layers.map((layer, index) =>
      layer.map(([low, high], at) => {
        const name = names[at] ?? "";
        if (high === low) return null;
        return h(
          "rect",
          {
            x: x(name) ?? 0,
            width: x.bandwidth(),
            y: y(high),
            height: y(low) - y(high),
            fill: SERIES[index]?.colour ?? "#000",
          },
          h("title", null, `${name}: ${high - low} ${SERIES[index]?.label ?? ""}`),
        );
      }),
    ),
    names.map((name, at) =>
      at % every === 0
        ? h(
            "text",
            { x: (x(name) ?? 0) + x.bandwidth() / 2, y: HEIGHT - 10, "text-anchor": "middle" },
            name.slice(5),
          )
        : null,
    ),
  );
}

function legend(): ComponentChild {
  let x = MARGIN.left;
  return SERIES.map(({ label, colour }) => {
    const at = x;
    x += label.length * 7 + 30;
    return [
      h("rect", { x: at, y: 26, width: 10, height: 10, fill: colour }),
      h("text", { x: at + 14, y: 35 }, label),
    ];
  });
}

/** The most that any day of these tallies holds. */
export function tallestDay(tallies: readonly Tally[]): number {
  const sums = tallies.flatMap(({ days }) =>
    Object.values(days).map((counts) => SERIES.reduce((sum, { name }) => sum + counts[name], 0)),
  );
  return sums.reduce((most, sum) => Math.max(most, sum), 0);
}
