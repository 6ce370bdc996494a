/** The query cannot be read, or asks for something that is not simulated: both are said, neither is guessed. */
export class QueryError extends Error {
  override name = "QueryError";
  readonly line: number;
  readonly column: number;
  readonly token: string;

  constructor(message: string, at: Token) {
    super(message);
    this.line = at.line;
    this.column = at.column;
    this.token = at.text;
  }
}

export interface Token {
  readonly kind: "name" | "text" | "number" | "mark" | "end";
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const PATTERN =
  /(\s+|\/\/[^\n]*)|(@"(?:[^"]|"")*"|@'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\d+(?:\.\d+)?)|(in~|[A-Za-z_][\w-]*)|(=~|!~|==|!=|<=|>=|[|().,=<>[\]])/y;

/** @throws {QueryError} at a character that begins nothing */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  const at = (index: number) => {
    const before = query.slice(0, index).split("\n");
    return { line: before.length, column: before.at(-1)?.length ?? 0 };
  };
  while (PATTERN.lastIndex < query.length) {
    const start = PATTERN.lastIndex;
    const match = PATTERN.exec(query);
    if (!match) {
      const text = query[start] ?? "";
      throw new QueryError(`'${text}' begins nothing that is understood`, {
        kind: "mark",
        text,
        ...at(start),
      });
    }
    const [, blank, text, number, name, mark] = match;
    if (blank !== undefined) continue;
    if (text !== undefined) tokens.push({ kind: "text", text: unquote(text), ...at(start) });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, ...at(start) });
    else if (name !== undefined) tokens.push({ kind: "name", text: name, ...at(start) });
    else tokens.push({ kind: "mark", text: mark ?? "", ...at(start) });
  }
  tokens.push({ kind: "end", text: "<EOF>", ...at(query.length) });
  return tokens;
}

function unquote(text: string): string {
  if (text.startsWith("@")) {
    const quote = text[1] ?? "";
    return text.slice(2, -1).replaceAll(quote + quote, quote);
  }
  return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ({ n: "\n", t: "\t" })[char] ?? char);
}

/** Reads tokens one after the other. */
export class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(query: string) {
    this.#tokens = tokenize(query);
  }

  get token(): Token {
    const token = this.#tokens[this.#next] ?? this.#tokens.at(-1);
    if (!token) throw new Error("A query has at least its end.");
    return token;
  }

  /** Takes the next token if it is this mark or word, words in any case. */
  take(text: string): boolean {
    const { kind, text: found } = this.token;
    const isIt = kind === "mark" ? found === text : kind === "name" && found.toLowerCase() === text;
    if (isIt) this.#next += 1;
    return isIt;
  }

  expect(text: string): void {
    if (!this.take(text)) throw new QueryError(`expected '${text}'`, this.token);
  }

  takeKind(kind: Token["kind"]): string {
    const { token } = this;
    if (token.kind !== kind) throw new QueryError(`expected a ${kind}`, token);
    this.#next += 1;
    return token.text;
  }
}
