import { compile, type Row, type Scope } from "./compile.ts";
import { KqlSemanticError } from "./errors.ts";
import { compareValues, isNumeric } from "./operators.ts";
import type { Column, Expression, Named, Value } from "./syntax.ts";

/** One aggregate of one group: fed row by row, then asked for its columns. */
export interface Accumulator {
  add(row: Row): void;
  result(): Value[];
}

export interface Aggregate {
  readonly columns: readonly Column[];
  start(): Accumulator;
}

type Call = Extract<Expression, { kind: "call" }>;

/** How an aggregate of one value works, when its column is named, and what it is of no values. */
interface Fold {
  readonly type: (from: Column["type"]) => Column["type"] | undefined;
  readonly of: (values: readonly Exclude<Value, null>[]) => Value;
}

const sum = (values: readonly Value[]): number =>
  values.reduce<number>((total, value) => total + Number(value), 0);
const measured = (from: Column["type"]) => (isNumeric(from) || from === "timespan" ? from : undefined);
const pick = (sign: number) => (values: readonly Exclude<Value, null>[]) =>
  values.reduce<Value>(
    (best, value) => (best === null || compareValues(value, best) * sign > 0 ? value : best),
    null,
  );

const FOLDS: Readonly<Record<string, Fold>> = {
  avg: {
    type: (from) => (from === "timespan" ? from : isNumeric(from) ? "real" : undefined),
    of: (values) => (values.length === 0 ? Number.NaN : sum(values) / values.length),
  },
  sum: { type: (from) => (from === "int" ? "long" : measured(from)), of: sum },
  min: { type: (from) => from, of: pick(-1) },
  max: { type: (from) => from, of: pick(1) },
  dcount: { type: () => "long", of: (values) => new Set(values).size },
};

/** Aggregates that end in `if` take a condition after their value. */
const CONDITIONAL: Readonly<Record<string, string>> = {
  avgif: "avg",
  sumif: "sum",
  minif: "min",
  maxif: "max",
  dcountif: "dcount",
};

export const AGGREGATE_NAMES = [
  "count",
  "countif",
  ...Object.keys(FOLDS),
  ...Object.keys(CONDITIONAL),
  "percentile",
  "percentiles",
];

/**
 * Reads an aggregate of a `summarize`.
 *
 * @throws {KqlSemanticError} when it is none, or none that is simulated
 */
export function toAggregate({ name, expression }: Named, scope: Scope): Aggregate {
  if (expression.kind !== "call" || !AGGREGATE_NAMES.includes(expression.name)) {
    const found = expression.kind === "call" ? `'${expression.name}'` : "an expression";
    throw new KqlSemanticError(
      "SEM0099",
      `'summarize' operator: expected an aggregate, found ${found}. Simulated are ${AGGREGATE_NAMES.join(", ")}.`,
    );
  }
  if (expression.name === "count" || expression.name === "countif") return toCount(name, expression, scope);
  if (expression.name.startsWith("percentile")) return toPercentiles(name, expression, scope);
  return toFold(name, expression, scope);
}

function toCount(name: string | undefined, { name: kind, args }: Call, scope: Scope): Aggregate {
  const [first] = args;
  const condition = kind === "countif" && first ? compile(first, scope) : undefined;
  if (args.length !== (kind === "count" ? 0 : 1) || (condition && condition.type !== "bool")) {
    throw wrong(kind, kind === "count" ? "no argument" : "one condition");
  }
  return {
    columns: [{ name: name ?? `${kind}_`, type: "long" }],
    start: () => {
      let count = 0;
      return {
        add: (row) => {
          if (!condition || condition.evaluate(row) === true) count++;
        },
        result: () => [count],
      };
    },
  };
}

function toFold(name: string | undefined, { name: kind, args }: Call, scope: Scope): Aggregate {
  const isConditional = Object.hasOwn(CONDITIONAL, kind);
  const fold = FOLDS[CONDITIONAL[kind] ?? kind];
  const [first, second] = args;
  const value = first && compile(first, scope);
  const condition = isConditional && second ? compile(second, scope) : undefined;
  const type = value && fold?.type(value.type);
  if (
    !first ||
    !fold ||
    !type ||
    args.length !== (isConditional ? 2 : 1) ||
    (condition && condition.type !== "bool")
  ) {
    throw wrong(kind, `a column that it can be taken of${isConditional ? " and a condition" : ""}`);
  }
  return {
    columns: [{ name: name ?? `${kind}_${columnOf(first)}`, type }],
    start: () => {
      const values: Exclude<Value, null>[] = [];
      return {
        add: (row) => {
          const one = condition && condition.evaluate(row) !== true ? null : value.evaluate(row);
          if (one !== null) values.push(one);
        },
        result: () => [fold.of(values)],
      };
    },
  };
}

/** By nearest rank, exactly; the service estimates them. */
function toPercentiles(name: string | undefined, { name: kind, args }: Call, scope: Scope): Aggregate {
  const [first, ...rest] = args;
  const value = first && compile(first, scope);
  const ranks = rest.map((rank) =>
    rank.kind === "literal" && typeof rank.value === "number" ? rank.value : -1,
  );
  const isRightCount = kind === "percentile" ? ranks.length === 1 : ranks.length > 0;
  if (
    !first ||
    !value ||
    !measuredOrTime(value.type) ||
    !isRightCount ||
    ranks.some((rank) => rank < 0 || rank > 100)
  ) {
    throw wrong(kind, "a column of numbers or times, and percentages from 0 to 100");
  }
  const column = columnOf(first);
  return {
    columns: ranks.map((rank) => ({
      name: name && kind === "percentile" ? name : `${name ?? `percentile_${column}`}_${rank}`,
      type: value.type,
    })),
    start: () => {
      const values: number[] = [];
      return {
        add: (row) => {
          const one = value.evaluate(row);
          if (typeof one === "number") values.push(one);
        },
        result: () => {
          const sorted = values.sort((a, b) => a - b);
          return ranks.map(
            (rank) => sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? null,
          );
        },
      };
    },
  };
}

const measuredOrTime = (type: Column["type"]) => measured(type) !== undefined || type === "datetime";

/** What a column is called after: the column itself, also through a conversion or a bin; nothing else has a name. */
export function columnOf(expression: Expression): string {
  if (expression.kind === "column") return expression.name;
  const isTransparent = expression.kind === "call" && /^(bin|floor|to[a-z]+)$/.test(expression.name);
  const inner = isTransparent ? expression.args[0] : undefined;
  return inner ? columnOf(inner) : "";
}

function wrong(kind: string, expected: string): KqlSemanticError {
  return new KqlSemanticError("SEM0219", `'summarize' operator: ${kind}() expects ${expected}.`);
}
