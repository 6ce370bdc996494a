import { KqlSyntaxError, type Position } from "./errors.ts";
import type { ColumnType, Expression, Value } from "./syntax.ts";
import type { Tokens } from "./token-reader.ts";

/** Deeper than any query that a person writes; the reader must not run out of stack. */
const DEEPEST = 100;

const TEXT_OPERATORS = ["has", "contains", "startswith", "endswith"].flatMap((name) => [
  name,
  `!${name}`,
  `${name}_cs`,
  `!${name}_cs`,
]);
const COMPARISONS = ["==", "!=", "<", "<=", ">", ">=", "=~", "!~"];
const LISTS = ["in", "!in", "in~", "!in~"];
const RANGES = ["between", "!between"];
/** Operators of the language that are refused by name. */
const NOT_SIMULATED = ["matches", "has_any", "has_all", "hasprefix", "hassuffix", "!hasprefix", "!hassuffix"];

/**
 * Reads an expression: `or` binds less than `and`, then comparisons, then `+ -`, then `* / %`.
 *
 * @throws {KqlSyntaxError}
 */
export function parseExpression(tokens: Tokens, depth = 0): Expression {
  if (depth > DEEPEST) tokens.fail(`expected fewer than ${DEEPEST} levels of parentheses.`);
  let left = parseAnd(tokens, depth);
  for (;;) {
    const { at } = tokens.peek();
    if (!tokens.takeWord("or")) return left;
    left = { kind: "binary", operator: "or", left, right: parseAnd(tokens, depth), at };
  }
}

function parseAnd(tokens: Tokens, depth: number): Expression {
  let left = parseComparison(tokens, depth);
  for (;;) {
    const { at } = tokens.peek();
    if (!tokens.takeWord("and")) return left;
    left = { kind: "binary", operator: "and", left, right: parseComparison(tokens, depth), at };
  }
}

function parseComparison(tokens: Tokens, depth: number): Expression {
  const left = parseSum(tokens, depth);
  const { kind, text, at } = tokens.peek();
  if (kind === "symbol" && COMPARISONS.includes(text)) {
    tokens.next();
    return { kind: "binary", operator: text, left, right: parseSum(tokens, depth), at };
  }
  if (kind !== "name") return left;
  if (NOT_SIMULATED.includes(text)) tokens.fail(`the operator '${text}' is not simulated.`);
  if (TEXT_OPERATORS.includes(text)) {
    tokens.next();
    return { kind: "binary", operator: text, left, right: parseSum(tokens, depth), at };
  }
  if (LISTS.includes(text)) {
    tokens.next();
    return { kind: "in", operator: text, value: left, list: parseList(tokens, depth), at };
  }
  if (!RANGES.includes(text)) return left;
  tokens.next();
  return parseRange(tokens, left, text === "!between", at, depth);
}

/** `x between (a .. b)` is `x >= a and x <= b`. */
function parseRange(
  tokens: Tokens,
  value: Expression,
  isNot: boolean,
  at: Position,
  depth: number,
): Expression {
  tokens.expectSymbol("(");
  const low = parseSum(tokens, depth + 1);
  tokens.expectSymbol("..");
  const high = parseSum(tokens, depth + 1);
  tokens.expectSymbol(")");
  const side = (operator: string, right: Expression): Expression => ({
    kind: "binary",
    operator,
    left: value,
    right,
    at,
  });
  return isNot
    ? { kind: "binary", operator: "or", left: side("<", low), right: side(">", high), at }
    : { kind: "binary", operator: "and", left: side(">=", low), right: side("<=", high), at };
}

function parseSum(tokens: Tokens, depth: number): Expression {
  let left = parseProduct(tokens, depth);
  for (;;) {
    const sign = tokens.takeSymbol("+", "-");
    if (!sign) return left;
    left = { kind: "binary", operator: sign.text, left, right: parseProduct(tokens, depth), at: sign.at };
  }
}

function parseProduct(tokens: Tokens, depth: number): Expression {
  let left = parseOne(tokens, depth);
  for (;;) {
    const sign = tokens.takeSymbol("*", "/", "%");
    if (!sign) return left;
    left = { kind: "binary", operator: sign.text, left, right: parseOne(tokens, depth), at: sign.at };
  }
}

function parseOne(tokens: Tokens, depth: number): Expression {
  const { kind, text, value, at } = tokens.next();
  const literal = (type: ColumnType, of: Value): Expression => ({ kind: "literal", type, value: of, at });
  if (kind === "string") return literal("string", text);
  if (kind === "timespan") return literal("timespan", value);
  if (kind === "typed") return parseTyped(text, at);
  if (kind === "number") return literal(/[.eE]/.test(text) ? "real" : "long", value);
  if (kind === "symbol" && text === "-") return negative(parseOne(tokens, depth + 1), at);
  if (kind === "symbol" && text === "(") {
    const inner = parseExpression(tokens, depth + 1);
    tokens.expectSymbol(")");
    return inner;
  }
  if (kind !== "name") throw new KqlSyntaxError(text, at, "expected a column, a value or a function.");
  if (text === "true" || text === "false") return literal("bool", text === "true");
  if (tokens.peek().text !== "(" || tokens.peek().kind !== "symbol")
    return { kind: "column", name: text, at };
  return { kind: "call", name: text, args: parseList(tokens, depth, true), at };
}

function negative(right: Expression, at: Position): Expression {
  if (right.kind === "literal" && typeof right.value === "number")
    return { ...right, value: -right.value, at };
  return { kind: "binary", operator: "-", left: { kind: "literal", type: "long", value: 0, at }, right, at };
}

/** `datetime(2026-01-01 12:00)`: what is in the parentheses is no expression. */
function parseTyped(whole: string, at: Position): Expression {
  const type = whole.startsWith("datetime") ? "datetime" : "timespan";
  const text = whole.slice(whole.indexOf("(") + 1, -1).trim();
  if (text === "null") return { kind: "literal", type, value: null, at };
  const value = type === "datetime" ? readDateTime(text) : readTimespan(text);
  if (value !== undefined) return { kind: "literal", type, value, at };
  throw new KqlSyntaxError(whole, at, `expected a ${type} such as ${EXAMPLES[type]}.`);
}

const EXAMPLES = { datetime: "datetime(2026-01-01T12:00:00Z)", timespan: "timespan(1.02:03:04)" };

/** Without a zone, UTC is meant. */
export function readDateTime(text: string): number | undefined {
  const [whole, date, time, zone] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?(Z|[+-]\d{2}:\d{2})?$/.exec(
      text.trim(),
    ) ?? [];
  if (whole === undefined) return undefined;
  const at = Date.parse(`${date}T${time ?? "00:00"}${zone ?? "Z"}`);
  return Number.isNaN(at) ? undefined : at;
}

/** `d.hh:mm:ss.fff` in ms. */
export function readTimespan(text: string): number | undefined {
  const [whole, days = "0", hours, minutes, seconds] =
    /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d{1,7})?)$/.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
}

function parseList(tokens: Tokens, depth: number, mayBeEmpty = false): Expression[] {
  tokens.expectSymbol("(");
  if (mayBeEmpty && tokens.takeSymbol(")")) return [];
  const list: Expression[] = [];
  do list.push(parseExpression(tokens, depth + 1));
  while (tokens.takeSymbol(","));
  tokens.expectSymbol(")");
  return list;
}
