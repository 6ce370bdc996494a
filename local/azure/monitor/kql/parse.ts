import { KqlSyntaxError } from "./errors.ts";
import { parseExpression } from "./parse-expression.ts";
import type { Named, Operator, Query, SortKey } from "./syntax.ts";
import { Tokens } from "./token-reader.ts";
import { tokenize } from "./tokens.ts";

const PARSERS: Readonly<Record<string, (tokens: Tokens) => Operator>> = {
  where: (tokens) => ({ kind: "where", condition: parseExpression(tokens) }),
  filter: (tokens) => ({ kind: "where", condition: parseExpression(tokens) }),
  extend: (tokens) => ({ kind: "extend", columns: parseNamed(tokens) }),
  project: (tokens) => ({ kind: "project", columns: parseNamed(tokens) }),
  summarize: parseSummarize,
  order: (tokens) => ({ kind: "sort", keys: parseBy(tokens) }),
  sort: (tokens) => ({ kind: "sort", keys: parseBy(tokens) }),
  top: (tokens) => ({ kind: "top", count: tokens.wholeNumber(), keys: parseBy(tokens) }),
  take: (tokens) => ({ kind: "take", count: tokens.wholeNumber() }),
  limit: (tokens) => ({ kind: "take", count: tokens.wholeNumber() }),
};
const SIMULATED = "where, extend, project, summarize, order by, sort by, top, take, limit";
/** What a query may begin with in place of a table: refused by name. */
const STATEMENTS = [
  "let",
  "set",
  "declare",
  "union",
  "print",
  "range",
  "search",
  "find",
  "datatable",
  "externaldata",
];

/**
 * Reads a query: one table, then operators behind bars.
 *
 * @throws {KqlSyntaxError} naming what was found, where, and what is expected or simulated
 */
export function parseQuery(text: string): Query {
  const tokens = new Tokens(tokenize(text));
  if (STATEMENTS.includes(tokens.peek().text))
    tokens.fail(`'${tokens.peek().text}' is not simulated: a query begins with its table.`);
  const table = tokens.name("the name of a table");
  const operators: Operator[] = [];
  while (tokens.takeSymbol("|")) {
    const name = tokens.hyphenated();
    const parse = name.kind === "name" && Object.hasOwn(PARSERS, name.text) ? PARSERS[name.text] : undefined;
    if (!parse) {
      const why = `the operator '${name.text}' is not simulated. Simulated are ${SIMULATED}.`;
      throw new KqlSyntaxError(name.text, name.at, why);
    }
    operators.push(parse(tokens));
  }
  tokens.takeSymbol(";");
  tokens.expectEnd("'|' and an operator, or the end: statements and joins of tables are not simulated.");
  return { table, operators };
}

function parseNamed(tokens: Tokens): Named[] {
  const columns: Named[] = [];
  do {
    const name = tokens.takeAssignment();
    columns.push({ name, expression: parseExpression(tokens) });
  } while (tokens.takeSymbol(","));
  return columns;
}

function parseSummarize(tokens: Tokens): Operator {
  const aggregates = tokens.takeWord("by") ? undefined : parseNamed(tokens);
  const hasBy = aggregates === undefined || tokens.takeWord("by");
  return { kind: "summarize", aggregates: aggregates ?? [], by: hasBy ? parseNamed(tokens) : [] };
}

function parseBy(tokens: Tokens): SortKey[] {
  if (!tokens.takeWord("by")) tokens.fail("expected 'by'.");
  const keys: SortKey[] = [];
  do {
    const expression = parseExpression(tokens);
    const isAscending = tokens.takeWord("asc");
    if (!isAscending) tokens.takeWord("desc");
    let hasNullsFirst = isAscending;
    if (tokens.takeWord("nulls")) {
      hasNullsFirst = tokens.takeWord("first");
      if (!hasNullsFirst && !tokens.takeWord("last")) tokens.fail("expected 'first' or 'last'.");
    }
    keys.push({ expression, isAscending, hasNullsFirst });
  } while (tokens.takeSymbol(","));
  return keys;
}
