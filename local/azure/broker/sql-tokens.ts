import { BrokerError } from "./errors.ts";

/** An SQL filter that this broker cannot evaluate. */
export class SqlSyntaxError extends BrokerError {
  override name = "SqlSyntaxError";

  constructor(expression: string, reason: string) {
    super(`The SQL expression ${JSON.stringify(expression)} cannot be read: ${reason}.`, {
      expression,
      reason,
    });
  }
}

/** `at` counts characters from 1. A `name` was delimited by brackets or double quotes, so it is never a keyword. */
export type SqlToken =
  | { readonly kind: "word" | "name" | "mark"; readonly text: string; readonly at: number }
  | {
      readonly kind: "constant";
      readonly value: string | number;
      readonly text: string;
      readonly at: number;
    };

const SPACE = /\s*/y;
const TOKEN = new RegExp(
  [
    `(?<text>'(?:[^']|'')*')`,
    String.raw`\[(?<bracketed>(?:[^\]]|\]\])+)\]`,
    `"(?<quoted>(?:[^"]|"")+)"`,
    String.raw`(?<number>\d+(?:\.\d+)?(?:E[+-]?\d+)?)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{Nd}_]*)`,
    String.raw`(?<mark><>|!=|<=|>=|[=<>()+\-*%,.])`,
  ].join("|"),
  "iuy",
);

/** Splits an SQL expression into names, keywords, constants and marks. */
export function tokenizeSql(expression: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let next = skipSpace(expression, 0); next < expression.length; ) {
    TOKEN.lastIndex = next;
    const found = TOKEN.exec(expression);
    if (!found) throw unreadable(expression, next);
    tokens.push(toToken(found, next + 1));
    next = skipSpace(expression, next + found[0].length);
  }
  return tokens;
}

function skipSpace(expression: string, from: number): number {
  SPACE.lastIndex = from;
  return from + (SPACE.exec(expression)?.[0].length ?? 0);
}

function toToken(found: RegExpExecArray, at: number): SqlToken {
  const [text] = found;
  const { bracketed, quoted, number, word } = found.groups ?? {};
  if (found.groups?.text !== undefined) {
    return { kind: "constant", value: text.slice(1, -1).replaceAll("''", "'"), text, at };
  }
  if (bracketed !== undefined) return { kind: "name", text: bracketed.replaceAll("]]", "]"), at };
  if (quoted !== undefined) return { kind: "name", text: quoted.replaceAll('""', '"'), at };
  if (number !== undefined) return { kind: "constant", value: Number(number), text, at };
  return { kind: word === undefined ? "mark" : "word", text, at };
}

function unreadable(expression: string, at: number): SqlSyntaxError {
  // What a message's number was, whole or not, is lost on its way here, and 5 / 2 depends on it.
  if (expression[at] === "/") return new SqlSyntaxError(expression, "division is beyond this broker");
  return new SqlSyntaxError(
    expression,
    `'${expression.slice(at, at + 10)}' at ${at + 1} is no part of a filter`,
  );
}
