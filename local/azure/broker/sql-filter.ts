/**
 * SQL filters of subscriptions: the documented grammar, with its three truth values.
 *
 * @see https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter
 */
import type { FilterView } from "./rules.ts";
import { SqlSyntaxError, type SqlToken, tokenizeSql } from "./sql-tokens.ts";

/** `undefined`: unknown, as every property is that a message does not have. */
type Value = string | number | boolean | null | undefined;
type Expression = (view: FilterView) => Value;
type Operation = (a: Value, b: Value) => Value;

/** The system properties that this broker keeps; another one is an error, as it is there. */
const SYSTEM = new Set([
  "contenttype",
  "correlationid",
  "label",
  "messageid",
  "replyto",
  "replytosessionid",
  "sessionid",
  "to",
]);

/** Only values of one kind compare: anything else is unknown. */
const comparing =
  (holds: (order: number) => boolean, kinds: readonly string[]): Operation =>
  (a, b) => {
    if (typeof a !== typeof b || a === null || b === null || a === undefined || b === undefined)
      return undefined;
    if (!kinds.includes(typeof a)) return undefined;
    return holds(a < b ? -1 : a > b ? 1 : 0);
  };

const ANY = ["string", "number", "boolean"];
const COMPARISONS: Readonly<Record<string, Operation>> = {
  "=": comparing((order) => order === 0, ANY),
  "<>": comparing((order) => order !== 0, ANY),
  "!=": comparing((order) => order !== 0, ANY),
  "<": comparing((order) => order < 0, ["number"]),
  "<=": comparing((order) => order <= 0, ["number"]),
  ">": comparing((order) => order > 0, ["number"]),
  ">=": comparing((order) => order >= 0, ["number"]),
};

const ofNumbers =
  (calculate: (a: number, b: number) => number): Operation =>
  (a, b) =>
    typeof a === "number" && typeof b === "number" ? calculate(a, b) : undefined;

const SUMS: Readonly<Record<string, Operation>> = {
  "+": (a, b) => (typeof a === "string" && typeof b === "string" ? a + b : ofNumbers((x, y) => x + y)(a, b)),
  "-": ofNumbers((a, b) => a - b),
};
const PRODUCTS: Readonly<Record<string, Operation>> = {
  "*": ofNumbers((a, b) => a * b),
  "%": ofNumbers((a, b) => a % b),
};

/** @throws {SqlSyntaxError} that says where the expression leaves the grammar, or what of it is left out here */
export function compileSql(text: string): (view: FilterView) => boolean {
  const parser = new Parser(tokenizeSql(text), text);
  const expression = parser.whole();
  return (view) => expression(view) === true;
}

class Parser {
  readonly #tokens: readonly SqlToken[];
  readonly #text: string;
  #next = 0;

  constructor(tokens: readonly SqlToken[], text: string) {
    this.#tokens = tokens;
    this.#text = text;
  }

  whole(): Expression {
    const expression = this.#or();
    if (this.#next < this.#tokens.length) throw this.#unexpected("an operator or the end");
    return expression;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#takeWord("or")) {
      const [a, b] = [left, this.#and()];
      left = (view) => {
        const [x, y] = [truth(a(view)), truth(b(view))];
        return x === true || y === true ? true : x === false && y === false ? false : undefined;
      };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#takeWord("and")) {
      const [a, b] = [left, this.#not()];
      left = (view) => {
        const [x, y] = [truth(a(view)), truth(b(view))];
        return x === false || y === false ? false : x === true && y === true ? true : undefined;
      };
    }
    return left;
  }

  #not(): Expression {
    if (!this.#takeWord("not")) return this.#predicate();
    return negated(this.#not());
  }

  #predicate(): Expression {
    const left = this.#sum();
    const compare = this.#takeMark(COMPARISONS);
    if (compare) {
      const right = this.#sum();
      return (view) => compare(left(view), right(view));
    }
    if (this.#takeWord("is")) {
      const isNegated = this.#takeWord("not");
      this.#expectWord("null");
      return (view) => ((left(view) ?? null) === null) !== isNegated;
    }
    const isNegated = this.#takeWord("not");
    if (this.#takeWord("in")) return isNegated ? negated(this.#in(left)) : this.#in(left);
    if (this.#takeWord("like")) return isNegated ? negated(this.#like(left)) : this.#like(left);
    if (isNegated) throw this.#unexpected("IN or LIKE");
    return left;
  }

  #in(left: Expression): Expression {
    this.#expectMark("(");
    const members: Expression[] = [];
    do members.push(this.#sum());
    while (this.#takeMark({ ",": true }));
    this.#expectMark(")");
    const isSame = COMPARISONS["="];
    return (view) => {
      const value = left(view);
      if (value === undefined || value === null) return undefined;
      return members.some((member) => isSame?.(value, member(view)) === true);
    };
  }

  #like(left: Expression): Expression {
    const pattern = this.#sum();
    const escaper = this.#takeWord("escape") ? this.#sum() : () => "";
    return (view) => {
      const [value, like, by] = [left(view), pattern(view), escaper(view)];
      if (typeof value !== "string" || typeof like !== "string" || typeof by !== "string") return undefined;
      return likePattern(like, by).test(value);
    };
  }

  #sum(): Expression {
    return this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#signed()));
  }

  #chain(operations: Readonly<Record<string, Operation>>, operand: () => Expression): Expression {
    let left = operand();
    for (let operation = this.#takeMark(operations); operation; operation = this.#takeMark(operations)) {
      const [a, b, calculate] = [left, operand(), operation];
      left = (view) => calculate(a(view), b(view));
    }
    return left;
  }

  #signed(): Expression {
    if (this.#takeMark({ "+": true })) return this.#signed();
    if (!this.#takeMark({ "-": true })) return this.#primary();
    const operand = this.#signed();
    return (view) => ofNumbers((a, b) => a - b)(0, operand(view));
  }

  #primary(): Expression {
    const token = this.#tokens[this.#next];
    if (!token) throw this.#unexpected("a value");
    this.#next++;
    if (token.kind === "constant") return () => token.value;
    if (token.kind === "name") return this.#property(token.text);
    if (token.kind === "mark") {
      if (token.text !== "(") throw this.#unexpected("a value", token);
      const inner = this.#or();
      this.#expectMark(")");
      return inner;
    }
    const word = token.text.toLowerCase();
    if (word === "exists") return this.#exists();
    if (word === "null") return () => null;
    if (word === "true" || word === "false") return () => word === "true";
    if (this.#peekMark("(")) throw this.#leftOut(`the function ${token.text}()`);
    return this.#property(token.text);
  }

  #exists(): Expression {
    this.#expectMark("(");
    const property = this.#primary();
    this.#expectMark(")");
    return (view) => property(view) !== undefined;
  }

  /** `name`, `user.name` or `sys.name`. Property names are compared without regard to case. */
  #property(first: string): Expression {
    const scope = first.toLowerCase();
    if (!this.#takeMark({ ".": true })) return (view) => userProperty(view, first);
    const name = this.#tokens[this.#next++];
    if (name?.kind !== "word" && name?.kind !== "name") throw this.#unexpected("a property's name", name);
    if (scope === "user") return (view) => userProperty(view, name.text);
    if (scope !== "sys") throw this.#syntax(`'${first}.' is no scope, expected sys or user`);
    const key = name.text.toLowerCase();
    if (!SYSTEM.has(key)) throw this.#leftOut(`the system property '${name.text}'`);
    return (view) => plainValue(view.system[key]);
  }

  #peekMark(text: string): boolean {
    const token = this.#tokens[this.#next];
    return token?.kind === "mark" && token.text === text;
  }

  #takeMark<T>(known: Readonly<Record<string, T>>): T | undefined {
    const token = this.#tokens[this.#next];
    const found = token?.kind === "mark" ? known[token.text] : undefined;
    if (found !== undefined) this.#next++;
    return found;
  }

  #takeWord(word: string): boolean {
    const token = this.#tokens[this.#next];
    const isTaken = token?.kind === "word" && token.text.toLowerCase() === word;
    if (isTaken) this.#next++;
    return isTaken;
  }

  #expectMark(text: string): void {
    if (!this.#takeMark({ [text]: true })) throw this.#unexpected(`'${text}'`);
  }

  #expectWord(word: string): void {
    if (!this.#takeWord(word)) throw this.#unexpected(word.toUpperCase());
  }

  #unexpected(expected: string, token = this.#tokens[this.#next]): SqlSyntaxError {
    return this.#syntax(
      token ? `'${token.text}' stands at ${token.at}, expected ${expected}` : `it ends, expected ${expected}`,
    );
  }

  #leftOut(what: string): SqlSyntaxError {
    return this.#syntax(`${what} is beyond this broker`);
  }

  #syntax(reason: string): SqlSyntaxError {
    return new SqlSyntaxError(this.#text, reason);
  }
}

function truth(value: Value): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function negated(of: Expression): Expression {
  return (view) => {
    const value = truth(of(view));
    return value === undefined ? undefined : !value;
  };
}

function userProperty({ user }: FilterView, name: string): Value {
  if (name in user) return plainValue(user[name]);
  const key = name.toLowerCase();
  return plainValue(Object.entries(user).find(([each]) => each.toLowerCase() === key)?.[1]);
}

function plainValue(value: unknown): Value {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value as Value;
  return undefined;
}

/** `%`: any text, `_`: any one character, either as it is behind the escape character. */
function likePattern(pattern: string, escapeCharacter: string): RegExp {
  const characters = [...pattern];
  let source = "";
  for (let at = 0; at < characters.length; at++) {
    const isEscaped = characters[at] === escapeCharacter && at + 1 < characters.length;
    const character = (isEscaped ? characters[++at] : characters[at]) ?? "";
    if (!isEscaped && character === "%") source += ".*";
    else if (!isEscaped && character === "_") source += ".";
    else source += `\\u{${character.codePointAt(0)?.toString(16)}}`;
  }
  return new RegExp(`^${source}$`, "su");
}
