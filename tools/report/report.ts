import { type ComponentChild, h } from "preact";
import { renderToString } from "preact-render-to-string";
import { heldInWords } from "../../shared/policy/reason.ts";
import type { Backtest, Difference } from "../backtesting.ts";
import { COUNTED, type Tally } from "../tally.ts";
import { dayChart, tallestDay } from "./chart.ts";

export type Names = { inbox: string; policy: string; against: string | undefined };

/** Rows of the table of differences: a browser shows no more with ease. */
const MOST_ROWS = 1_000;

/** A sentence, which would otherwise be squeezed into a column of single words. */
const LONG_TEXT = 40;

const STYLE = `:root{color-scheme:light dark;--paper:#fff;--ink:#222;--line:#ccc}
@media (prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#e6e6e6;--line:#4a4f57}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:var(--ink);background:var(--paper)}
h1,h2{overflow-wrap:anywhere}.wide{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:13px}th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums}td:not(.long){white-space:nowrap}td.long{min-width:16rem}
svg{max-width:100%;height:auto;min-width:34rem}`;

/** The chart alone, of the policy that a change would bring where there are two. */
export function svgReport(test: Backtest, names: Names): string {
  const tally = test.against ?? test.policy;
  const title = `${names.against ?? names.policy}, by day`;
  return `${renderToString(h("g", null, dayChart(title, tally, tallestDay([tally]))))
    .replace(/^<g>/, "")
    .replace(/<\/g>$/, "")}\n`;
}

/** One page that needs nothing beside it: charts, tables, and each signal that two policies answer differently. */
export function htmlReport(test: Backtest, names: Names): string {
  const sides: [string, Tally][] = [[names.policy, test.policy]];
  if (test.against) sides.push([names.against ?? "", test.against]);
  const most = tallestDay(sides.map(([, tally]) => tally));
  const page = h(
    "html",
    { lang: "en" },
    h(
      "head",
      null,
      h("meta", { charset: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width" }),
      h("title", null, `Backtest of ${names.inbox}`),
      h("style", { dangerouslySetInnerHTML: { __html: STYLE } }),
    ),
    h(
      "body",
      null,
      h("h1", null, `Backtest of ${names.inbox}`),
      h("p", null, `${test.policy.total.signals} recorded signals. Nothing of this was carried out.`),
      sides.flatMap(([name, tally]) => side(name, tally, most)),
      test.against ? differences(test) : null,
    ),
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}

function side(name: string, tally: Tally, most: number): ComponentChild[] {
  return [
    h("h2", null, name),
    h("div", { class: "wide" }, dayChart(`${name}, by day`, tally, most)),
    table(
      ["day", ...COUNTED.map((name) => (name === "heldBack" ? "held back" : name))],
      [...Object.entries(tally.days), ["total", tally.total] as const].map(([day, counts]) => [
        day,
        ...COUNTED.map((column) => counts[column]),
      ]),
    ),
    h("h3", null, "Held back"),
    table(["by", "times"], Object.entries(tally.holds)),
    heldBack(tally),
    h("h3", null, "Rules"),
    table(["rule", "times"], Object.entries(tally.rules)),
  ];
}

function heldBack({ held, total }: Tally): ComponentChild {
  const rows = held.slice(0, MOST_ROWS).map(({ receivedAt, kind, model, reaction, heldBack: hold }) => {
    const signal = model === null ? kind : `${kind} of ${model}`;
    return [receivedAt, signal, reaction, heldInWords(hold), hold.liftedBy];
  });
  return [
    rows.length < total.heldBack ? h("p", null, `The first ${rows.length}:`) : null,
    table(["received", "signal", "reaction", "held back by", "lifted by"], rows),
  ];
}

function differences(test: Backtest): ComponentChild {
  const rows = test.differences.slice(0, MOST_ROWS);
  return [
    h("h2", null, `${test.differenceCount} signals are answered differently`),
    rows.length < test.differenceCount ? h("p", null, `The first ${rows.length}:`) : null,
    table(["received", "signal", "before", "after"], rows.map(differenceCells)),
  ];
}

function differenceCells({ receivedAt, kind, model, before, after }: Difference): string[] {
  return [receivedAt, model === null ? kind : `${kind} of ${model}`, before.reason, after.reason];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): ComponentChild {
  const cell = (value: string | number) => h("td", { class: cellClass(value) }, String(value));
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          head.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) => h("tr", null, row.map(cell))),
      ),
    ),
  );
}

function cellClass(value: string | number): string | undefined {
  if (typeof value === "number") return "number";
  return value.length > LONG_TEXT ? "long" : undefined;
}
