import { KqlSyntaxError } from "./errors.ts";
import type { Token } from "./tokens.ts";

/** Tokens, read one after the other. */
export class Tokens {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    const index = Math.min(this.#at + ahead, this.#tokens.length - 1);
    const token = this.#tokens[index];
    if (!token) throw new RangeError("A query has no tokens, expected at least the one that ends it.");
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  /** The next token; of names with hyphens and nothing else between them, all, e.g. `project-away`. */
  hyphenated(): Token {
    let name = this.next();
    while (name.kind === "name" && this.#follows(name, 0, "-") && this.#follows(name, 1)) {
      name = { ...name, text: `${name.text}-${this.peek(1).text}` };
      this.#at += 2;
    }
    return name;
  }

  /** Whether the token `ahead`, a name unless told otherwise, stands where a hyphenated name would go on. */
  #follows({ text, at }: Token, ahead: 0 | 1, symbol?: string): boolean {
    const next = this.peek(ahead);
    const isWanted = symbol === undefined ? next.kind === "name" : next.text === symbol;
    return isWanted && next.at.line === at.line && next.at.pos === at.pos + text.length + ahead;
  }

  takeSymbol(...symbols: readonly string[]): Token | undefined {
    const token = this.peek();
    return token.kind === "symbol" && symbols.includes(token.text) ? this.next() : undefined;
  }

  takeWord(word: string): boolean {
    const token = this.peek();
    const isFound = token.kind === "name" && token.text === word;
    if (isFound) this.#at++;
    return isFound;
  }

  /** `Name =`, of a column that is given a name. */
  takeAssignment(): string | undefined {
    const [name, sign] = [this.peek(), this.peek(1)];
    if (name.kind !== "name" || sign.kind !== "symbol" || sign.text !== "=") return undefined;
    this.#at += 2;
    return name.text;
  }

  /** @throws {KqlSyntaxError} */
  expectSymbol(symbol: string): Token {
    return this.takeSymbol(symbol) ?? this.fail(`expected '${symbol}'.`);
  }

  /** @throws {KqlSyntaxError} */
  expectEnd(expected: string): void {
    if (this.peek().kind !== "end") this.fail(`expected ${expected}`);
  }

  /** @throws {KqlSyntaxError} */
  name(what: string): string {
    const token = this.peek();
    return token.kind === "name" ? this.next().text : this.fail(`expected ${what}.`);
  }

  /** @throws {KqlSyntaxError} */
  wholeNumber(): number {
    const token = this.peek();
    const isWhole = token.kind === "number" && Number.isSafeInteger(token.value);
    return isWhole ? this.next().value : this.fail("expected a whole number.");
  }

  /** @throws {KqlSyntaxError} always, at the token that comes */
  fail(why: string): never {
    const { text, at } = this.peek();
    throw new KqlSyntaxError(text, at, why);
  }
}
