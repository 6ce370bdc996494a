import { type ComponentChild, h } from "preact";
import { lookOf } from "./states.ts";
import { cut, moment, readable, relative } from "./words.ts";

/** The small things that every page is made of. */

/** A state is a word and a sign, never a colour alone. */
export function state(word: string): ComponentChild {
  const { tone, sign } = lookOf(word);
  return h(
    "span",
    { class: `state ${tone}` },
    h("span", { "aria-hidden": "true" }, sign),
    ` ${cut(word, 40)}`,
  );
}

/** Relative for the eye, exact with its zone right below. */
export function time(iso: string, now: Date): ComponentChild {
  return h("time", { datetime: iso, title: iso }, relative(iso, now), " ", h("small", null, moment(iso)));
}

/** A digest or an opaque id: the stylesheet shortens it for the eye; selected, copied or read aloud it is whole. */
export function shortId(id: string): ComponentChild {
  return h("code", { class: "id", title: id }, id);
}

/** Text of a sentence or more: a column of it is wide enough to be read. */
export function text(words: string, most = 300): ComponentChild {
  return words === "" ? "–" : h("span", { class: "text" }, readable(words, most));
}

export function modelLink(model: string): ComponentChild {
  return h("a", { href: modelPath(model) }, cut(model));
}

export function operationLink(id: string, label = id): ComponentChild {
  return h("a", { href: operationPath(id) }, cut(label));
}

const modelPath = (model: string) => `/console/models/${encodeURIComponent(model)}`;
const operationPath = (id: string) => `/console/operations/${encodeURIComponent(id)}`;

/**
 * A table in a box of its own, so that a narrow screen scrolls the box and not the page. Without rows: `empty`, which
 * says what will appear and when.
 */
export function table(
  name: string,
  heads: readonly string[],
  rows: readonly (readonly ComponentChild[])[],
  empty: string,
): ComponentChild {
  if (rows.length === 0) return h("p", { class: "empty" }, empty);
  return h(
    "div",
    { class: "scroll", role: "region", "aria-label": name, tabindex: 0 },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, ...heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", null, ...rows.map(tableRow)),
    ),
  );
}

const tableRow = ([first, ...rest]: readonly ComponentChild[]) =>
  h("tr", null, h("th", { scope: "row" }, first), ...rest.map((cell) => h("td", null, cell)));

export function section(title: string, ...content: ComponentChild[]): ComponentChild {
  return h("section", null, h("h2", null, title), ...content);
}

/** Labels and values. */
export function facts(rows: readonly (readonly [string, ComponentChild])[]): ComponentChild {
  return h("dl", null, ...rows.flatMap(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}
