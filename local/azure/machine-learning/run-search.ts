import type { Metric } from "./metrics.ts";
import { Refusal } from "./refusal.ts";

/** A run as MLflow shows it. */
export interface ShownRun {
  readonly info: Readonly<Record<string, string | number | undefined>>;
  readonly data: {
    readonly metrics: readonly Metric[];
    readonly params: readonly { readonly key: string; readonly value: string }[];
    readonly tags: readonly { readonly key: string; readonly value: string }[];
  };
}

type Value = string | number | undefined;
type Kind = "metric" | "param" | "tag" | "attribute";
interface Field {
  readonly kind: Kind;
  readonly key: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  metric: "metric",
  metrics: "metric",
  param: "param",
  params: "param",
  parameter: "param",
  parameters: "param",
  tag: "tag",
  tags: "tag",
  attribute: "attribute",
  attributes: "attribute",
  attr: "attribute",
  run: "attribute",
};
const TEXTS = ["run_id", "run_name", "status", "artifact_uri"];
const NUMBERS = ["start_time", "end_time"];
const ATTRIBUTES = [...TEXTS, ...NUMBERS];

const FIELD = '(?:(\\w+)\\.)?(?:`([^`]+)`|"([^"]+)"|([\\w.]+))';
const ORDER = new RegExp(`^\\s*${FIELD}(?:\\s+(asc|desc))?\\s*$`, "i");
/** One clause at a time, so that `and` inside quotes joins nothing. */
const CLAUSE = new RegExp(
  `\\s*${FIELD}\\s*(>=|<=|!=|=|>|<|\\bi?like\\b)\\s*('[^']*'|"[^"]*"|[-+\\w.]+)\\s*(?:\\band\\b|$)`,
  "iy",
);

/**
 * Reads the filter of `runs/search`.
 *
 * @throws {Refusal} 400 INVALID_PARAMETER_VALUE
 * @see MLflow documentation, "Search Runs": fields, comparators, and that clauses are joined by `and` alone
 */
export function readFilter(filter: string): (run: ShownRun) => boolean {
  const tests: ((run: ShownRun) => boolean)[] = [];
  CLAUSE.lastIndex = 0;
  while (CLAUSE.lastIndex < filter.trimEnd().length) {
    const rest = filter.slice(CLAUSE.lastIndex);
    const found = CLAUSE.exec(filter);
    if (!found)
      throw bad(`filter has '${rest.trim()}', expected clauses such as tags.name = 'value', joined by and`);
    tests.push(testOf(fieldOf(found, "filter"), found[5] ?? "", found[6] ?? ""));
  }
  if (/\band\s*$/i.test(filter)) throw bad("filter ends with and, expected one more clause");
  return (run) => tests.every((test) => test(run));
}

/**
 * Puts runs in the order that was asked for; what is equal in it stays as it was.
 *
 * @param found - newest first, which is MLflow's own order
 * @throws {Refusal} 400 INVALID_PARAMETER_VALUE
 */
export function inOrder<R extends ShownRun>(found: readonly R[], orderBy: readonly string[]): R[] {
  const orders = orderBy.map((text) => {
    const read = ORDER.exec(text);
    if (!read) throw bad(`order_by has '${text}', expected a field such as metrics.rmse, and ASC or DESC`);
    return { field: fieldOf(read, "order_by"), sign: read[5]?.toLowerCase() === "desc" ? -1 : 1 };
  });
  const compare = (a: R, b: R): number => {
    for (const { field, sign } of orders) {
      const order = compareValues(fieldValue(a, field), fieldValue(b, field), sign);
      if (order !== 0) return order;
    }
    return 0;
  };
  return [...found].sort(compare);
}

/** Numbers and texts first, then NaN, then what has no value: in either direction. */
function compareValues(a: Value, b: Value, sign: number): number {
  const rank = (value: Value) => (value === undefined ? 2 : Number(Number.isNaN(value)));
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) > 0 || a === b || a === undefined || b === undefined) return 0;
  return a < b ? -sign : sign;
}

function fieldOf([, kind, ticked, quoted, bare]: readonly (string | undefined)[], where: string): Field {
  const key = ticked ?? quoted ?? bare ?? "";
  // A key without a kind is an attribute.
  const known = kind === undefined ? "attribute" : KINDS[kind.toLowerCase()];
  if (!known) throw bad(`${where} names '${kind}.${key}', expected metrics, params, tags or attributes`);
  if (known === "attribute" && !ATTRIBUTES.includes(key)) {
    throw bad(`${where} names the attribute '${key}', expected one of ${ATTRIBUTES.join(", ")}`);
  }
  return { kind: known, key };
}

function testOf(field: Field, operator: string, literal: string): (run: ShownRun) => boolean {
  const isNumeric = field.kind === "metric" || (field.kind === "attribute" && NUMBERS.includes(field.key));
  const isQuoted = /^['"]/.test(literal);
  const text = isQuoted ? literal.slice(1, -1) : literal;
  const name = field.kind === "attribute" ? field.key : `${field.kind}s.${field.key}`;
  if (isNumeric) {
    const wanted = Number(text);
    if (isQuoted || Number.isNaN(wanted))
      throw bad(`filter compares ${name} with ${literal}, expected a number`);
    const compare = NUMERIC[operator];
    if (!compare)
      throw bad(`filter compares ${name} by ${operator}, expected one of ${Object.keys(NUMERIC).join(" ")}`);
    return (run) => {
      const value = fieldValue(run, field);
      return typeof value === "number" && compare(value, wanted);
    };
  }
  if (!isQuoted) throw bad(`filter compares ${name} with ${literal}, expected a text in quotes`);
  const compare = TEXTUAL[operator.toLowerCase()];
  if (!compare)
    throw bad(`filter compares ${name} by ${operator}, expected one of ${Object.keys(TEXTUAL).join(" ")}`);
  return (run) => {
    const value = fieldValue(run, field);
    return value !== undefined && compare(String(value), text);
  };
}

const NUMERIC: Readonly<Record<string, (value: number, wanted: number) => boolean>> = {
  "=": (value, wanted) => value === wanted,
  "!=": (value, wanted) => value !== wanted,
  ">": (value, wanted) => value > wanted,
  ">=": (value, wanted) => value >= wanted,
  "<": (value, wanted) => value < wanted,
  "<=": (value, wanted) => value <= wanted,
};
const TEXTUAL: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  "=": (value, wanted) => value === wanted,
  "!=": (value, wanted) => value !== wanted,
  like: (value, wanted) => patternOf(wanted, "s").test(value),
  ilike: (value, wanted) => patternOf(wanted, "si").test(value),
};

/** `%` stands for any text, `_` for one character. */
function patternOf(like: string, flags: string): RegExp {
  const source = like
    .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("%", ".*")
    .replaceAll("_", ".");
  return new RegExp(`^${source}$`, flags);
}

function fieldValue({ info, data }: ShownRun, { kind, key }: Field): Value {
  if (kind === "attribute") return info[key];
  return { metric: data.metrics, param: data.params, tag: data.tags }[kind].find((one) => one.key === key)
    ?.value;
}

const bad = (message: string): Refusal => new Refusal(400, "INVALID_PARAMETER_VALUE", `${message}.`);
