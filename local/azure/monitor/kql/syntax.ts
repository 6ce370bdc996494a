import type { Position } from "./errors.ts";

/** The column types of the service, as results name them. */
export type ColumnType = "bool" | "datetime" | "dynamic" | "int" | "long" | "real" | "string" | "timespan";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

export type Expression =
  | { readonly kind: "literal"; readonly type: ColumnType; readonly value: Value; readonly at: Position }
  | { readonly kind: "column"; readonly name: string; readonly at: Position }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly Expression[];
      readonly at: Position;
    }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Position;
    }
  | {
      readonly kind: "in";
      readonly operator: string;
      readonly value: Expression;
      readonly list: readonly Expression[];
      readonly at: Position;
    };

/** A datetime is its ms since the epoch, a timespan its ms. Only text is never null. */
export type Value = string | number | boolean | null;

export interface Named {
  readonly name: string | undefined;
  readonly expression: Expression;
}

export interface SortKey {
  readonly expression: Expression;
  readonly isAscending: boolean;
  readonly hasNullsFirst: boolean;
}

export type Operator =
  | { readonly kind: "where"; readonly condition: Expression }
  | { readonly kind: "extend"; readonly columns: readonly Named[] }
  | { readonly kind: "project"; readonly columns: readonly Named[] }
  | { readonly kind: "summarize"; readonly aggregates: readonly Named[]; readonly by: readonly Named[] }
  | { readonly kind: "sort"; readonly keys: readonly SortKey[] }
  | { readonly kind: "top"; readonly count: number; readonly keys: readonly SortKey[] }
  | { readonly kind: "take"; readonly count: number };

export interface Query {
  readonly table: string;
  readonly operators: readonly Operator[];
}
