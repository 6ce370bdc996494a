import { QueryError, type Reader, type Token } from "./tokens.ts";

export type Row = Readonly<Record<string, unknown>>;
export type Expression = (row: Row) => unknown;

type Call = (values: readonly unknown[]) => unknown;

/** What the queries on findings use; any other function is refused by name. */
const FUNCTIONS: Readonly<Record<string, Call>> = {
  tostring: ([value]) => asText(value),
  tolower: ([value]) => asText(value).toLowerCase(),
  toint: ([value]) => Math.trunc(Number(value)),
  todouble: ([value]) => Number(value),
  parse_json: ([value]) => (typeof value === "string" ? parsed(value) : value),
  todynamic: ([value]) => (typeof value === "string" ? parsed(value) : value),
  isnotempty: ([value]) => asText(value) !== "",
  isempty: ([value]) => asText(value) === "",
  array_length: ([value]) => (Array.isArray(value) ? value.length : null),
  extract: ([pattern, group, value]) => {
    // .NET's inline flag is the only one that these queries use.
    const [, flag, source] = /^(\(\?i\))?([\s\S]*)$/.exec(asText(pattern)) ?? [];
    return new RegExp(source ?? "", flag ? "i" : "").exec(asText(value))?.[Number(group)] ?? "";
  },
};

type Compare = (left: unknown, right: unknown) => boolean;
const fold = (value: unknown) => asText(value).toLowerCase();
const COMPARISONS: Readonly<Record<string, Compare>> = {
  "==": (left, right) => asText(left) === asText(right),
  "!=": (left, right) => asText(left) !== asText(right),
  "=~": (left, right) => fold(left) === fold(right),
  "!~": (left, right) => fold(left) !== fold(right),
  "<": (left, right) => Number(left) < Number(right),
  ">": (left, right) => Number(left) > Number(right),
  "<=": (left, right) => Number(left) <= Number(right),
  ">=": (left, right) => Number(left) >= Number(right),
  contains: (left, right) => fold(left).includes(fold(right)),
  has: (left, right) =>
    fold(left)
      .split(/[^a-z0-9]+/)
      .includes(fold(right)),
  startswith: (left, right) => fold(left).startsWith(fold(right)),
  endswith: (left, right) => fold(left).endsWith(fold(right)),
};

/** `a or b and not(c)`, comparisons, `in (...)`, paths, literals and a few functions. */
export function readExpression(reader: Reader): Expression {
  let left = readAnd(reader);
  while (reader.take("or")) {
    const [first, second] = [left, readAnd(reader)];
    left = (row) => isTrue(first(row)) || isTrue(second(row));
  }
  return left;
}

function readAnd(reader: Reader): Expression {
  let left = readComparison(reader);
  while (reader.take("and")) {
    const [first, second] = [left, readComparison(reader)];
    left = (row) => isTrue(first(row)) && isTrue(second(row));
  }
  return left;
}

function readComparison(reader: Reader): Expression {
  const left = readTerm(reader);
  for (const [operator, compare] of Object.entries(COMPARISONS)) {
    if (!reader.take(operator)) continue;
    const right = readTerm(reader);
    return (row) => compare(left(row), right(row));
  }
  const isFolding = reader.take("in~");
  if (!isFolding && !reader.take("in")) return left;
  const form = isFolding ? fold : asText;
  const options = readList(reader);
  return (row) => options.some((option) => form(option(row)) === form(left(row)));
}

function readTerm(reader: Reader): Expression {
  const { token } = reader;
  if (reader.take("(")) {
    const inner = readExpression(reader);
    reader.expect(")");
    return inner;
  }
  if (token.kind === "text") {
    const text = reader.takeKind("text");
    return () => text;
  }
  if (token.kind === "number") {
    const number = Number(reader.takeKind("number"));
    return () => number;
  }
  const name = reader.takeKind("name");
  if (name === "true" || name === "false") return () => name === "true";
  if (reader.token.text === "(" && reader.token.kind === "mark") return readCall(reader, name, token);
  return readPath(reader, (row) => row[name]);
}

function readCall(reader: Reader, name: string, at: Token): Expression {
  const values = readList(reader);
  if (name === "not") {
    const [inner] = values;
    return (row) => !isTrue(inner?.(row));
  }
  const call = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!call) throw new QueryError(`the function '${name}' is not simulated`, at);
  return readPath(reader, (row) => call(values.map((value) => value(row))));
}

function readPath(reader: Reader, from: Expression): Expression {
  if (reader.take(".")) {
    const name = reader.takeKind("name");
    return readPath(reader, (row) => member(from(row), name));
  }
  if (reader.take("[")) {
    const key = reader.takeKind(reader.token.kind === "number" ? "number" : "text");
    reader.expect("]");
    return readPath(reader, (row) => member(from(row), key));
  }
  return from;
}

function readList(reader: Reader): Expression[] {
  reader.expect("(");
  const values: Expression[] = [];
  if (reader.take(")")) return values;
  do values.push(readExpression(reader));
  while (reader.take(","));
  reader.expect(")");
  return values;
}

/** Names inside `properties` are as the resource has them: unlike columns, they are matched exactly. */
export function member(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value[Number(name)];
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

export const isTrue = (value: unknown) => value === true;

export function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
