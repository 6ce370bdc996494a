import { formatTimespan } from "./format.ts";
import { compareValues, isNumeric } from "./operators.ts";
import { readDateTime } from "./parse-expression.ts";
import type { ColumnType, Value } from "./syntax.ts";

interface Made {
  readonly type: ColumnType;
  readonly work: (args: readonly Value[]) => Value;
}
/** A function for arguments of these types, or why it takes none such. */
type Maker = (types: readonly ColumnType[], now: number) => Made | string;

const one =
  (type: ColumnType, work: (value: Value, from: ColumnType) => Value): Maker =>
  ([from, ...rest]) =>
    from === undefined || rest.length > 0
      ? "expected one argument."
      : { type, work: ([value = null]) => work(value, from) };

/** Down to a multiple of the width. */
const bin: Maker = ([value, width, ...rest]) => {
  const isOfTime = value === "datetime" || value === "timespan";
  const fits = isOfTime
    ? width === "timespan"
    : value !== undefined && isNumeric(value) && width && isNumeric(width);
  if (!value || !fits || rest.length > 0) return "expected a number and a number, or a time and a timespan.";
  const type = !isOfTime && (value === "real" || width === "real") ? "real" : value;
  return {
    type,
    work: ([a, b]) =>
      typeof a === "number" && typeof b === "number" && b > 0 ? Math.floor(a / b) * b : null,
  };
};

const toNumber = (isWhole: boolean) => (value: Value, from: ColumnType) => {
  if (value === null || from === "timespan") return null;
  const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isNaN(number)) return null;
  return isWhole ? Math.trunc(number) : number;
};

export const FUNCTIONS: Readonly<Record<string, Maker>> = {
  now: ([offset, ...rest], now) => {
    if (rest.length > 0 || (offset !== undefined && offset !== "timespan"))
      return "expected no argument or a timespan.";
    return { type: "datetime", work: ([by]) => now + (typeof by === "number" ? by : 0) };
  },
  ago: ([span, ...rest], now) => {
    if (span !== "timespan" || rest.length > 0) return "expected a timespan.";
    return { type: "datetime", work: ([by]) => (typeof by === "number" ? now - by : null) };
  },
  not: ([type, ...rest]) =>
    type !== "bool" || rest.length > 0
      ? "expected a bool."
      : { type: "bool", work: ([value]) => (typeof value === "boolean" ? !value : null) },
  isnull: one("bool", (value) => value === null),
  isnotnull: one("bool", (value) => value !== null),
  isempty: one("bool", (value) => value === null || value === ""),
  isnotempty: one("bool", (value) => value !== null && value !== ""),
  bin,
  floor: bin,
  tostring: one("string", toText),
  toint: one("int", toNumber(true)),
  tolong: one("long", toNumber(true)),
  todouble: one("real", toNumber(false)),
  toreal: one("real", toNumber(false)),
  todatetime: one("datetime", (value) => (typeof value === "string" ? (readDateTime(value) ?? null) : value)),
  tolower: one("string", (value) => String(value ?? "").toLowerCase()),
  toupper: one("string", (value) => String(value ?? "").toUpperCase()),
  strcat: (types) =>
    types.length === 0
      ? "expected at least one argument."
      : {
          type: "string",
          work: (values) => values.map((value, at) => toText(value, types[at] ?? "string")).join(""),
        },
  iff: ([condition, yes, no, ...rest]) =>
    condition !== "bool" || yes === undefined || yes !== no || rest.length > 0
      ? "expected a bool and two values of one type."
      : { type: yes, work: ([is, a = null, b = null]) => (is === true ? a : b) },
  coalesce: ([type, ...rest]) =>
    type === undefined || rest.some((other) => other !== type)
      ? "expected values of one type."
      : { type, work: (values) => values.find((value) => value !== null && value !== "") ?? null },
  max_of: ([type, ...rest]) =>
    type && rest.every((other) => other === type) ? extreme(type, 1) : "expected values of one type.",
  min_of: ([type, ...rest]) =>
    type && rest.every((other) => other === type) ? extreme(type, -1) : "expected values of one type.",
};

function extreme(type: ColumnType, sign: number): Made {
  const pick = (values: readonly Value[]) =>
    values.reduce<Value>(
      (best, value) =>
        best === null || (value !== null && compareValues(value, best) * sign > 0) ? value : best,
      null,
    );
  return { type, work: pick };
}

function toText(value: Value, from: ColumnType): string {
  if (value === null) return "";
  if (from === "datetime" && typeof value === "number") return new Date(value).toISOString();
  if (from === "timespan" && typeof value === "number") return formatTimespan(value);
  return String(value);
}
