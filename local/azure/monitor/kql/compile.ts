import { KqlSemanticError } from "./errors.ts";
import { FUNCTIONS } from "./functions.ts";
import { BINARIES, isNumeric } from "./operators.ts";
import type { Column, Expression, Value } from "./syntax.ts";

export type Row = readonly Value[];

/** An expression that is ready to be worked out for any row of known columns. */
export interface Compiled {
  readonly type: Column["type"];
  readonly evaluate: (row: Row) => Value;
}

export interface Scope {
  readonly columns: readonly Column[];
  /** The operator that the expression is in, for messages. */
  readonly operator: string;
  /** Milliseconds since the epoch: the same for the whole query. */
  readonly now: number;
}

/**
 * Resolves columns and functions and checks types, once for all rows.
 *
 * @throws {KqlSemanticError}
 */
export function compile(expression: Expression, scope: Scope): Compiled {
  switch (expression.kind) {
    case "literal": {
      const { type, value } = expression;
      return { type, evaluate: () => value };
    }
    case "column":
      return compileColumn(expression.name, scope);
    case "call":
      return compileCall(expression.name, expression.args, scope);
    case "in":
      return compileIn(expression, scope);
    case "binary": {
      const left = compile(expression.left, scope);
      const right = compile(expression.right, scope);
      const { operator } = expression;
      const made = BINARIES[operator]?.(left.type, right.type);
      if (!made) throw mismatch(scope, operator, left, right);
      const { type, work } = made;
      return { type, evaluate: (row) => work(left.evaluate(row), right.evaluate(row)) };
    }
  }
}

function compileColumn(name: string, { columns, operator }: Scope): Compiled {
  const index = columns.findIndex((column) => column.name === name);
  const column = columns[index];
  if (column) return { type: column.type, evaluate: (row) => row[index] ?? null };
  throw new KqlSemanticError(
    "SEM0100",
    `'${operator}' operator: Failed to resolve column or scalar expression named '${name}'`,
  );
}

function compileCall(name: string, args: readonly Expression[], scope: Scope): Compiled {
  const make = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!make) {
    const known = Object.keys(FUNCTIONS).join(", ");
    throw new KqlSemanticError(
      "SEM0260",
      `'${scope.operator}' operator: the function '${name}' is unknown or not simulated here. Simulated are ${known}.`,
    );
  }
  const compiled = args.map((arg) => compile(arg, scope));
  const made = make(
    compiled.map(({ type }) => type),
    scope.now,
  );
  if (typeof made === "string") {
    throw new KqlSemanticError("SEM0219", `'${scope.operator}' operator: ${name}(): ${made}`);
  }
  const { type, work } = made;
  return { type, evaluate: (row) => work(compiled.map((arg) => arg.evaluate(row))) };
}

function compileIn(expression: Extract<Expression, { kind: "in" }>, scope: Scope): Compiled {
  const { operator } = expression;
  const value = compile(expression.value, scope);
  const list = expression.list.map((item) => compile(item, scope));
  const wrong = list.find(({ type }) => type !== value.type && !(isNumeric(type) && isNumeric(value.type)));
  if (wrong) throw mismatch(scope, operator, value, wrong);
  const fold = (one: Value) => (operator.endsWith("~") && typeof one === "string" ? one.toLowerCase() : one);
  const isNot = operator.startsWith("!");
  return {
    type: "bool",
    evaluate: (row) => {
      const wanted = fold(value.evaluate(row));
      const isIn = wanted !== null && list.some((item) => fold(item.evaluate(row)) === wanted);
      return isIn !== isNot;
    },
  };
}

function mismatch(scope: Scope, sign: string, left: Compiled, right: Compiled): KqlSemanticError {
  return new KqlSemanticError(
    "SEM0064",
    `'${scope.operator}' operator: Cannot apply '${sign}' to values of types ${left.type} and ${right.type}. Try adding explicit casts`,
  );
}
