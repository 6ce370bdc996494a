import { KqlSyntaxError, type Position } from "./errors.ts";

export interface Token {
  readonly kind: "name" | "number" | "timespan" | "string" | "symbol" | "typed" | "end";
  /** As written; of a string, what it means; of a typed literal the whole of it, e.g. `datetime(2026-01-01)`. */
  readonly text: string;
  /** Of a number, or of a timespan in ms. */
  readonly value: number;
  readonly at: Position;
}

const SPACE = /(?:\s+|\/\/[^\n]*)+/y;
/** Strings in either quotes, with backslash escapes; after `@` none. */
const STRING = /@"((?:[^"]|"")*)"|@'((?:[^']|'')*)'|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'/y;
const TYPED = /(?:datetime|timespan)\s*\(([^()"']*)\)/y;
const NUMBER = /(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(microsecond|ms|[dhms])?(?![\w])/y;
const NAME = /!?[A-Za-z_][\w]*~?/y;
const SYMBOL = /==|!=|=~|!~|<=|>=|\.\.|[-+*/%<>=(),|;[\]{}.:]/y;

const UNIT_MS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  microsecond: 0.001,
};
/** Names that stand before a tilde or after an exclamation mark, and no others. */
const MARKED = ["in", "has", "contains", "startswith", "endswith", "between"];
const LONGEST_NAME = 1024;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** @throws {KqlSyntaxError} at the first character that starts no token */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  let place: Position & { readonly offset: number } = { line: 1, pos: 0, offset: 0 };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset;
    const found = pattern.exec(query);
    if (found) offset += found[0].length;
    return found;
  };
  for (;;) {
    take(SPACE);
    place = moveOn(query, place, offset);
    const at = { line: place.line, pos: place.pos };
    if (offset >= query.length) {
      tokens.push({ kind: "end", text: "<EOF>", value: 0, at });
      return tokens;
    }
    const from = offset;
    const text = take(STRING);
    const typed = text ? null : take(TYPED);
    const number = text || typed ? null : take(NUMBER);
    if (text) tokens.push({ kind: "string", text: meaningOf(text), value: 0, at });
    else if (typed) tokens.push({ kind: "typed", text: typed[0], value: 0, at });
    else if (number) tokens.push(toNumber(number, at));
    else tokens.push(toWord(take, query.slice(from, from + LONGEST_NAME), at));
  }
}

function toNumber([whole, digits, unit]: RegExpExecArray, at: Position): Token {
  const value = Number(digits) * (UNIT_MS[unit ?? ""] ?? 1);
  return { kind: unit ? "timespan" : "number", text: whole, value, at };
}

function toWord(take: (pattern: RegExp) => RegExpExecArray | null, next: string, at: Position): Token {
  const isMarked = MARKED.some((word) => new RegExp(`^(!${word}(_cs)?\\b|in~)`, "i").test(next));
  const name = isMarked || !next.startsWith("!") ? take(NAME) : null;
  if (name && (isMarked || !name[0].endsWith("~"))) return { kind: "name", text: name[0], value: 0, at };
  const symbol = name ? null : take(SYMBOL);
  if (symbol) return { kind: "symbol", text: symbol[0], value: 0, at };
  throw new KqlSyntaxError(name?.[0] ?? next.slice(0, 1), at, "no token of the language starts with this.");
}

function meaningOf([, atDouble, atSingle, double, single]: RegExpExecArray): string {
  if (atDouble !== undefined) return atDouble.replaceAll('""', '"');
  if (atSingle !== undefined) return atSingle.replaceAll("''", "'");
  return (double ?? single ?? "").replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);
}

function moveOn(query: string, from: Position & { readonly offset: number }, offset: number) {
  const lines = query.slice(from.offset, offset).split("\n");
  const last = lines.at(-1)?.length ?? 0;
  const pos = lines.length === 1 ? from.pos + last : last;
  return { line: from.line + lines.length - 1, pos, offset };
}
