import type * as z from "zod";
import * as kinds from "./kinds.ts";

/** One thing that is wrong with a card: where, and what was expected there. */
export interface Problem {
  /** JSON path, e.g. `$.body[0].text`. */
  readonly path: string;
  readonly message: string;
}

type Family = "element" | "action" | "pressed" | "inline" | "image" | "column" | "row" | "cell" | "card";

interface Kind {
  readonly schema: z.ZodType;
  /** What its properties contain: one, or a list of them. */
  readonly children?: Readonly<Record<string, Family>>;
}

const pressed = { selectAction: "pressed" } as const;
const KINDS: Readonly<Record<string, Kind>> = {
  TextBlock: { schema: kinds.TextBlock },
  RichTextBlock: { schema: kinds.RichTextBlock, children: { inlines: "inline" } },
  TextRun: { schema: kinds.TextRun, children: pressed },
  Image: { schema: kinds.Image, children: pressed },
  ImageSet: { schema: kinds.ImageSet, children: { images: "image" } },
  Container: { schema: kinds.Container, children: { items: "element", ...pressed } },
  ColumnSet: { schema: kinds.ColumnSet, children: { columns: "column", ...pressed } },
  Column: { schema: kinds.Column, children: { items: "element", ...pressed } },
  FactSet: { schema: kinds.FactSet },
  Table: { schema: kinds.Table, children: { rows: "row" } },
  TableRow: { schema: kinds.TableRow, children: { cells: "cell" } },
  TableCell: { schema: kinds.TableCell, children: { items: "element", ...pressed } },
  ActionSet: { schema: kinds.ActionSet, children: { actions: "action" } },
  "Action.OpenUrl": { schema: kinds.OpenUrl },
  "Action.ShowCard": { schema: kinds.ShowCard, children: { card: "card" } },
  AdaptiveCard: { schema: kinds.Card, children: { body: "element", actions: "action", ...pressed } },
};

const ELEMENTS = [
  "TextBlock",
  "RichTextBlock",
  "Image",
  "ImageSet",
  "Container",
  "ColumnSet",
  "FactSet",
  "Table",
  "ActionSet",
];
const FAMILIES: Readonly<Record<Family, readonly string[]>> = {
  element: ELEMENTS,
  action: ["Action.OpenUrl", "Action.ShowCard"],
  pressed: ["Action.OpenUrl"],
  inline: ["TextRun"],
  image: ["Image"],
  column: ["Column"],
  row: ["TableRow"],
  cell: ["TableCell"],
  card: ["AdaptiveCard"],
};

/** Those that Adaptive Cards have and this does not take, with the reason. */
const ABSENT: Readonly<Record<string, string>> = {
  "Action.Submit": "a card that a webhook posts has nobody to submit to: Teams does not support it",
  "Action.Http": "Teams does not support it",
  "Action.Execute": "it needs a bot, and none is simulated",
  "Action.ToggleVisibility": "it is not simulated",
  Media: "it is not simulated",
  "Input.Text": "inputs need Action.Submit or Action.Execute",
  "Input.Number": "inputs need Action.Submit or Action.Execute",
  "Input.Date": "inputs need Action.Submit or Action.Execute",
  "Input.Time": "inputs need Action.Submit or Action.Execute",
  "Input.Toggle": "inputs need Action.Submit or Action.Execute",
  "Input.ChoiceSet": "inputs need Action.Submit or Action.Execute",
};

const VERSION = /^1\.[0-5]$/;
/** Deeper than any card that a person reads; a bound, so that no card can exhaust the stack. */
const MOST_DEPTH = 32;

/** All that is wrong with a card, in the order of its text; empty when Teams would show it. */
export function problemsOf(card: unknown, path = "$"): Problem[] {
  const problems = [...visit(card, "card", path, 0)];
  const version = isRecord(card) ? card.version : undefined;
  if (isRecord(card) && !(typeof version === "string" && VERSION.test(version))) {
    const message = `found ${JSON.stringify(version) ?? "nothing"}, expected a version from '1.0' to '1.5', the newest that Teams shows`;
    problems.push({ path: `${path}.version`, message });
  }
  return problems;
}

function* visit(value: unknown, family: Family, path: string, depth: number): Generator<Problem> {
  if (depth > MOST_DEPTH)
    return yield { path, message: `found more than ${MOST_DEPTH} levels, expected fewer` };
  // Of a rich text, a plain string is a run without looks.
  if (family === "inline" && typeof value === "string") return;
  if (!isRecord(value)) {
    return yield { path, message: `found ${nameOf(value)}, expected an object: ${expected(family)}` };
  }
  // A column's type may be left out, because nothing else can stand there.
  const name = value.type ?? (family === "column" ? "Column" : undefined);
  const kind = typeof name === "string" && FAMILIES[family].includes(name) ? KINDS[name] : undefined;
  if (!kind) return yield { path: `${path}.type`, message: wrongType(name, family) };
  yield* ownProblems(kind, value, path);
  for (const [property, of] of Object.entries(kind.children ?? {})) {
    yield* below(value[property], of, `${path}.${property}`, depth + 1);
  }
  const { fallback } = value;
  if (fallback !== undefined && fallback !== "drop") {
    yield* visit(fallback, family, `${path}.fallback`, depth + 1);
  }
}

function* below(value: unknown, family: Family, path: string, depth: number): Generator<Problem> {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    // A list that is none was reported with its parent.
    if (family === "pressed" || family === "card") yield* visit(value, family, path, depth);
    return;
  }
  for (const [index, item] of value.entries()) yield* visit(item, family, `${path}[${index}]`, depth);
}

function* ownProblems({ schema }: Kind, value: object, path: string): Generator<Problem> {
  const read = schema.safeParse(value, { reportInput: true });
  for (const issue of read.error?.issues ?? []) {
    const at = issue.path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
      .join("");
    if (issue.code !== "unrecognized_keys") yield { path: `${path}${at}`, message: wordsOf(issue) };
    else {
      for (const key of issue.keys) {
        yield {
          path: `${path}${at}.${key}`,
          message: `found a property '${key}' that the element does not have`,
        };
      }
    }
  }
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_type") return issue.message;
  return `found ${nameOf(issue.input)}, expected ${issue.expected}`;
}

function wrongType(name: unknown, family: Family): string {
  const because = typeof name === "string" ? ABSENT[name] : undefined;
  const found = name === undefined ? "no type" : `'${String(name)}'`;
  return `found ${found}${because ? ` (${because})` : ""}, expected ${expected(family)}`;
}

function expected(family: Family): string {
  const names = FAMILIES[family];
  return names.length === 1 ? `'${names[0]}'` : `one of ${names.join(", ")}`;
}

function nameOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
