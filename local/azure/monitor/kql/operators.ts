import type { ColumnType, Value } from "./syntax.ts";

interface Binary {
  readonly type: ColumnType;
  readonly work: (left: Value, right: Value) => Value;
}
/** What an operator does with two types; `undefined` when it does not take them. */
type Maker = (left: ColumnType, right: ColumnType) => Binary | undefined;

export const isNumeric = (type: ColumnType): boolean => type === "int" || type === "long" || type === "real";
const isTime = (type: ColumnType): boolean => type === "datetime" || type === "timespan";
const isComparable = (left: ColumnType, right: ColumnType): boolean =>
  left === right || (isNumeric(left) && isNumeric(right));

/** Null compared with anything is neither true nor false. */
const order =
  (holds: (difference: number) => boolean): Maker =>
  (left, right) =>
    isComparable(left, right) && left !== "bool" && left !== "dynamic"
      ? {
          type: "bool",
          work: (a, b) => (a === null || b === null ? null : holds(compareValues(a, b))),
        }
      : undefined;

/** Null equals no value, and differs from every value; two nulls are neither. */
const equality =
  (isEqual: boolean): Maker =>
  (left, right) =>
    isComparable(left, right)
      ? { type: "bool", work: (a, b) => (a === null && b === null ? null : (a === b) === isEqual) }
      : undefined;

const text = (holds: (text: string, part: string) => boolean, isCaseless: boolean, isNot = false): Maker => {
  const fold = (value: Value) => (isCaseless ? String(value).toLowerCase() : String(value));
  return (left, right) =>
    left === "string" && right === "string"
      ? { type: "bool", work: (a, b) => holds(fold(a), fold(b)) !== isNot }
      : undefined;
};

const logic =
  (work: Binary["work"]): Maker =>
  (left, right) =>
    left === "bool" && right === "bool" ? { type: "bool", work } : undefined;

/** A whole word or words: what is beside it is no letter and no digit. */
function hasTerm(whole: string, term: string): boolean {
  if (term === "") return true;
  const isLetter = (char: string | undefined) => char !== undefined && /[\p{L}\p{N}]/u.test(char);
  for (let at = whole.indexOf(term); at >= 0; at = whole.indexOf(term, at + 1)) {
    if (!isLetter(whole[at - 1]) && !isLetter(whole[at + term.length])) return true;
  }
  return false;
}

const TEXT_TESTS: Readonly<Record<string, (whole: string, part: string) => boolean>> = {
  has: hasTerm,
  contains: (whole, part) => whole.includes(part),
  startswith: (whole, part) => whole.startsWith(part),
  endswith: (whole, part) => whole.endsWith(part),
};
const textOperators = Object.entries(TEXT_TESTS).flatMap(([name, holds]): [string, Maker][] => [
  [name, text(holds, true)],
  [`!${name}`, text(holds, true, true)],
  [`${name}_cs`, text(holds, false)],
  [`!${name}_cs`, text(holds, false, true)],
]);

const numbers =
  (work: (a: number, b: number) => number | null): Binary["work"] =>
  (a, b) =>
    typeof a === "number" && typeof b === "number" ? work(a, b) : null;

const widest = (left: ColumnType, right: ColumnType): ColumnType =>
  left === "real" || right === "real" ? "real" : left === "int" && right === "int" ? "int" : "long";

const plus: Maker = (left, right) => {
  const work = numbers((a, b) => a + b);
  if (isNumeric(left) && isNumeric(right)) return { type: widest(left, right), work };
  if (!isTime(left) || !isTime(right) || (left === "datetime" && right === "datetime")) return undefined;
  return { type: left === "datetime" || right === "datetime" ? "datetime" : "timespan", work };
};
const minus: Maker = (left, right) => {
  const work = numbers((a, b) => a - b);
  if (isNumeric(left) && isNumeric(right)) return { type: widest(left, right), work };
  if (right === "timespan" && isTime(left)) return { type: left, work };
  return left === "datetime" && right === "datetime" ? { type: "timespan", work } : undefined;
};
const times: Maker = (left, right) => {
  const work = numbers((a, b) => a * b);
  if (isNumeric(left) && isNumeric(right)) return { type: widest(left, right), work };
  const isScaled = (left === "timespan" && isNumeric(right)) || (right === "timespan" && isNumeric(left));
  return isScaled ? { type: "timespan", work } : undefined;
};
/** Whole numbers divide to a whole number; by zero there is none. */
const divide: Maker = (left, right) => {
  if (left === "timespan" && right === "timespan") return { type: "real", work: numbers((a, b) => a / b) };
  if (left === "timespan" && isNumeric(right)) return { type: "timespan", work: numbers((a, b) => a / b) };
  if (!isNumeric(left) || !isNumeric(right)) return undefined;
  const type = widest(left, right);
  return type === "real"
    ? { type, work: numbers((a, b) => a / b) }
    : { type, work: numbers((a, b) => (b === 0 ? null : Math.trunc(a / b))) };
};
const remainder: Maker = (left, right) =>
  isNumeric(left) && isNumeric(right)
    ? { type: widest(left, right), work: numbers((a, b) => (b === 0 ? null : ((a % b) + b) % b)) }
    : undefined;

export const BINARIES: Readonly<Record<string, Maker>> = {
  "==": equality(true),
  "!=": equality(false),
  "<": order((difference) => difference < 0),
  "<=": order((difference) => difference <= 0),
  ">": order((difference) => difference > 0),
  ">=": order((difference) => difference >= 0),
  "=~": text((a, b) => a === b, true),
  "!~": text((a, b) => a === b, true, true),
  and: logic((a, b) => (a === false || b === false ? false : a === null || b === null ? null : true)),
  or: logic((a, b) => (a === true || b === true ? true : a === null || b === null ? null : false)),
  "+": plus,
  "-": minus,
  "*": times,
  "/": divide,
  "%": remainder,
  ...Object.fromEntries(textOperators),
};

/** Of two values that are not null; text by code points. */
export function compareValues(a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return Number(a) - Number(b);
}
