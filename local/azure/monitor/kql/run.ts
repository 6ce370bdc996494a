import { columnOf, toAggregate } from "./aggregates.ts";
import { compile, type Row, type Scope } from "./compile.ts";
import { KqlSemanticError } from "./errors.ts";
import { compareValues } from "./operators.ts";
import type { Column, Named, Operator, Query, SortKey, Value } from "./syntax.ts";

/** Rows that are made as they are asked for, and what their columns are. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: Iterable<Row>;
}

/**
 * Runs a query over a table: each row passes every operator once, and only `summarize`, `sort` and `top` keep any.
 *
 * @param now - what `now()` is, in ms since the epoch
 * @throws {KqlSemanticError} before any row is read
 */
export function run(query: Query, table: Table, now: number): Table {
  return query.operators.reduce((input, operator) => apply(operator, input, now), table);
}

function apply(operator: Operator, input: Table, now: number): Table {
  const scope: Scope = { columns: input.columns, operator: operator.kind, now };
  switch (operator.kind) {
    case "where": {
      const condition = compile(operator.condition, scope);
      if (condition.type !== "bool") {
        const message = `'where' operator: the condition is ${condition.type}, expected bool`;
        throw new KqlSemanticError("SEM0216", message);
      }
      return { ...input, rows: filter(input.rows, (row) => condition.evaluate(row) === true) };
    }
    case "extend":
      return extend(operator.columns, input, scope);
    case "project":
      return project(operator.columns, input, scope);
    case "summarize":
      return summarize(operator, input, scope);
    case "sort":
      return { ...input, rows: sorted(input.rows, operator.keys, scope) };
    case "top":
      return { ...input, rows: take(sorted(input.rows, operator.keys, scope), operator.count) };
    case "take":
      return { ...input, rows: take(input.rows, operator.count) };
  }
}

function extend(columns: readonly Named[], input: Table, scope: Scope): Table {
  let table = input;
  for (const [index, { name, expression }] of columns.entries()) {
    const { type, evaluate } = compile(expression, { ...scope, columns: table.columns });
    const called = name ?? (columnOf(expression) || `Column${index + 1}`);
    const at = table.columns.findIndex((column) => column.name === called);
    const place = at < 0 ? table.columns.length : at;
    const { rows } = table;
    table = {
      columns: table.columns.toSpliced(place, 1, { name: called, type }),
      rows: map(rows, (row) => row.toSpliced(place, 1, evaluate(row))),
    };
  }
  return table;
}

function project(columns: readonly Named[], input: Table, scope: Scope): Table {
  const compiled = columns.map(({ expression }) => compile(expression, scope));
  return {
    columns: namesOf(columns).map((name, index) => ({ name, type: compiled[index]?.type ?? "dynamic" })),
    rows: map(input.rows, (row) => compiled.map(({ evaluate }) => evaluate(row))),
  };
}

function summarize(
  { aggregates, by }: Extract<Operator, { kind: "summarize" }>,
  input: Table,
  scope: Scope,
): Table {
  const keys = by.map(({ expression }) => compile(expression, scope));
  const made = aggregates.map((aggregate) => toAggregate(aggregate, scope));
  const columns = [
    ...namesOf(by).map((name, index) => ({ name, type: keys[index]?.type ?? ("dynamic" as const) })),
    ...made.flatMap((aggregate) => aggregate.columns),
  ];
  function* rows(): Generator<Row> {
    const groups = new Map<string, { key: Value[]; parts: ReturnType<(typeof made)[number]["start"]>[] }>();
    const start = (key: Value[]) => ({ key, parts: made.map((aggregate) => aggregate.start()) });
    // Without keys there is one group, also when there are no rows.
    if (keys.length === 0) groups.set("[]", start([]));
    for (const row of input.rows) {
      const key = keys.map(({ evaluate }) => evaluate(row));
      const text = JSON.stringify(key);
      const group = groups.get(text) ?? start(key);
      groups.set(text, group);
      for (const part of group.parts) part.add(row);
    }
    for (const { key, parts } of groups.values()) yield [...key, ...parts.flatMap((part) => part.result())];
  }
  return { columns: withoutRepeats(columns), rows: { [Symbol.iterator]: rows } };
}

function sorted(rows: Iterable<Row>, keys: readonly SortKey[], scope: Scope): Iterable<Row> {
  const compiled = keys.map((key) => ({ ...key, evaluate: compile(key.expression, scope).evaluate }));
  function* inOrder(): Generator<Row> {
    const all = Array.from(rows, (row) => ({ row, values: compiled.map(({ evaluate }) => evaluate(row)) }));
    all.sort((a, b) => compareKeys(a.values, b.values, keys));
    for (const { row } of all) yield row;
  }
  return { [Symbol.iterator]: inOrder };
}

function compareKeys(a: readonly Value[], b: readonly Value[], keys: readonly SortKey[]): number {
  for (const [index, { isAscending, hasNullsFirst }] of keys.entries()) {
    const [left = null, right = null] = [a[index], b[index]];
    if (left === null && right === null) continue;
    if (left === null || right === null) return (left === null) === hasNullsFirst ? -1 : 1;
    const difference = compareValues(left, right);
    if (difference !== 0) return isAscending ? difference : -difference;
  }
  return 0;
}

function* filter(rows: Iterable<Row>, isWanted: (row: Row) => boolean): Generator<Row> {
  for (const row of rows) if (isWanted(row)) yield row;
}

function* map(rows: Iterable<Row>, change: (row: Row) => Row): Generator<Row> {
  for (const row of rows) yield change(row);
}

function* take(rows: Iterable<Row>, count: number): Generator<Row> {
  let left = count;
  if (left === 0) return;
  for (const row of rows) {
    yield row;
    left--;
    if (left <= 0) return;
  }
}

function namesOf(columns: readonly Named[]): string[] {
  return columns.map(({ name, expression }, index) => name ?? (columnOf(expression) || `Column${index + 1}`));
}

/** Two columns of one name: the second gets a number. */
function withoutRepeats(columns: readonly Column[]): Column[] {
  const seen = new Map<string, number>();
  return columns.map((column) => {
    const times = seen.get(column.name) ?? 0;
    seen.set(column.name, times + 1);
    return times === 0 ? column : { ...column, name: `${column.name}${times}` };
  });
}
