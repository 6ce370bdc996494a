import { invalidInput } from "../errors.ts";
import { compareEdm, type EdmValue, edmLiteral } from "./edm.ts";
import type { Entity } from "./entity.ts";
import { type Token, tokenize } from "./filter-tokens.ts";

export type Operator = "eq" | "ne" | "gt" | "ge" | "lt" | "le";

export type Filter =
  | {
      readonly kind: "compare";
      readonly property: string;
      readonly operator: Operator;
      readonly value: EdmValue;
    }
  | { readonly kind: "and" | "or"; readonly left: Filter; readonly right: Filter }
  | { readonly kind: "not"; readonly operand: Filter };

const TESTS: Record<Operator, (order: number) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
};

/** `5 lt x` read as `x gt 5`. */
const MIRRORED: Record<Operator, Operator> = { eq: "eq", ne: "ne", gt: "lt", ge: "le", lt: "gt", le: "ge" };
const DEEPEST = 100;

/**
 * Parses an OData `$filter` as the table service understands it.
 *
 * @throws {StorageError} 400 InvalidInput that says where the text stops making sense
 * @see https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
 */
export function parseFilter(text: string): Filter {
  const parser = new Parser(tokenize(text));
  return parser.parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Filter {
    const filter = this.#either();
    if (this.#at < this.#tokens.length) throw this.#unexpected("'and', 'or' or the end");
    return filter;
  }

  #either(): Filter {
    let left = this.#both();
    while (this.#takeWord("or")) left = { kind: "or", left, right: this.#both() };
    return left;
  }

  #both(): Filter {
    let left = this.#negation();
    while (this.#takeWord("and")) left = { kind: "and", left, right: this.#negation() };
    return left;
  }

  #negation(): Filter {
    if (++this.#depth > DEEPEST) throw invalidInput(`The filter is nested deeper than ${DEEPEST} levels.`);
    try {
      if (this.#takeWord("not")) return { kind: "not", operand: this.#negation() };
      if (!this.#take("(")) return this.#comparison();
      const inner = this.#either();
      if (!this.#take(")")) throw this.#unexpected("')'");
      return inner;
    } finally {
      this.#depth -= 1;
    }
  }

  #comparison(): Filter {
    const left = this.#operand();
    const operator = this.#operator(left);
    if (operator === undefined) {
      // A lone boolean property, as in `not isOpen`.
      if (typeof left !== "string") throw this.#unexpected("a comparison operator");
      return { kind: "compare", property: left, operator: "eq", value: { type: "Edm.Boolean", value: true } };
    }
    const right = this.#operand();
    if (typeof left === "string" && typeof right !== "string") {
      return { kind: "compare", property: left, operator, value: right };
    }
    if (typeof left !== "string" && typeof right === "string") {
      return { kind: "compare", property: right, operator: MIRRORED[operator], value: left };
    }
    throw invalidInput("The filter must compare a property with a constant.");
  }

  #operator(left: string | EdmValue): Operator | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind === "word" && Object.hasOwn(TESTS, token.text)) {
      this.#at += 1;
      return token.text as Operator;
    }
    const endsHere = token === undefined || token.text === ")" || token.text === "and" || token.text === "or";
    if (endsHere && typeof left === "string") return undefined;
    throw this.#unexpected("eq, ne, gt, ge, lt or le");
  }

  /** A property name, or a constant. */
  #operand(): string | EdmValue {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === "mark") throw this.#unexpected("a property or a constant");
    this.#at += 1;
    if (token.kind === "constant") {
      const value = edmLiteral(token.type, token.text);
      if (!value)
        throw invalidInput(
          `The filter constant '${token.text}' at ${token.at} is not a valid ${token.type}.`,
        );
      return value;
    }
    if (token.text === "true" || token.text === "false")
      return { type: "Edm.Boolean", value: token.text === "true" };
    return token.text;
  }

  #takeWord(text: string): boolean {
    return this.#tokens[this.#at]?.kind === "word" && this.#take(text);
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === "constant" || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #unexpected(expected: string) {
    const token = this.#tokens[this.#at];
    const found = token === undefined ? "the end of the filter" : `'${token.text}' at character ${token.at}`;
    return invalidInput(`Syntax error in $filter: found ${found}, expected ${expected}.`);
  }
}

/** Whether a row satisfies the filter. A property that is missing, or of another type, makes a comparison false. */
export function matches(filter: Filter, entity: Entity): boolean {
  switch (filter.kind) {
    case "and":
      return matches(filter.left, entity) && matches(filter.right, entity);
    case "or":
      return matches(filter.left, entity) || matches(filter.right, entity);
    case "not":
      return !matches(filter.operand, entity);
    case "compare": {
      const value = propertyOf(entity, filter.property);
      const order = value && compareEdm(value, filter.value);
      return order !== undefined && TESTS[filter.operator](order);
    }
  }
}

function propertyOf(entity: Entity, name: string): EdmValue | undefined {
  if (name === "PartitionKey") return { type: "Edm.String", value: entity.partitionKey };
  if (name === "RowKey") return { type: "Edm.String", value: entity.rowKey };
  if (name === "Timestamp") return { type: "Edm.DateTime", value: entity.timestamp };
  return Object.hasOwn(entity.properties, name) ? entity.properties[name] : undefined;
}
