import { invalidInput } from "../errors.ts";
import type { EdmType } from "./edm.ts";

/** `at` counts characters from 0. */
export type Token =
  | { readonly kind: "word" | "mark"; readonly text: string; readonly at: number }
  | { readonly kind: "constant"; readonly type: EdmType; readonly text: string; readonly at: number };

const QUOTED_TYPES: Record<string, EdmType> = {
  "": "Edm.String",
  datetime: "Edm.DateTime",
  guid: "Edm.Guid",
  binary: "Edm.Binary",
  x: "Edm.Binary",
};

const SPACE = /\s+/y;
const MARK = /[()]/y;
const QUOTED = /(datetime|guid|binary|x|)'((?:[^']|'')*)'/iy;
const NUMBER = /([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([ldfm]?)(?![\p{L}\p{Nd}_])/iuy;
const WORD = /[\p{L}_][\p{L}\p{Nd}\p{Pc}]*/uy;

/** Splits an OData filter into names, brackets and typed constants. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const found = match(SPACE) ?? match(MARK) ?? match(QUOTED) ?? match(NUMBER) ?? match(WORD);
    if (!found)
      throw invalidInput(`Syntax error in $filter: '${text.slice(at, at + 20)}' at character ${at}.`);
    const token = toToken(found, at);
    if (token) tokens.push(token);
    at += found[0].length;
  }
  return tokens;
}

function toToken(found: RegExpExecArray, at: number): Token | undefined {
  const text = found[0];
  if (text.trim() === "") return undefined;
  if (text === "(" || text === ")") return { kind: "mark", text, at };
  if (text.endsWith("'")) return quoted(found[1] ?? "", found[2] ?? "", at);
  if (found[2] !== undefined) return number(found[1] ?? "", found[2].toLowerCase(), at);
  return { kind: "word", text, at };
}

function quoted(prefix: string, inner: string, at: number): Token {
  const type = QUOTED_TYPES[prefix.toLowerCase()] ?? "Edm.String";
  const plain = inner.replaceAll("''", "'");
  // Binary constants are hexadecimal in a filter, base64 everywhere else.
  const text = type === "Edm.Binary" ? Buffer.from(plain, "hex").toString("base64") : plain;
  return { kind: "constant", type, text, at };
}

function number(text: string, suffix: string, at: number): Token {
  if (suffix === "l") return { kind: "constant", type: "Edm.Int64", text, at };
  const isWhole = suffix === "" && /^[+-]?\d+$/.test(text);
  if (!isWhole) return { kind: "constant", type: "Edm.Double", text, at };
  const fitsInt32 = Math.abs(Number(text)) < 2 ** 31;
  return { kind: "constant", type: fitsInt32 ? "Edm.Int32" : "Edm.Int64", text, at };
}
