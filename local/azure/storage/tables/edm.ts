import { invalidInput, StorageError } from "../errors.ts";

export type EdmType =
  | "Edm.String"
  | "Edm.Boolean"
  | "Edm.Int32"
  | "Edm.Int64"
  | "Edm.Double"
  | "Edm.DateTime"
  | "Edm.Guid"
  | "Edm.Binary";

/**
 * One property as it is stored: Int64 as decimal digits, DateTime as UTC with seven digits of the second, Guid in
 * lower case, Binary as base64, a Double that JSON cannot hold as `NaN`, `Infinity` or `-Infinity`.
 */
export interface EdmValue {
  readonly type: EdmType;
  readonly value: string | number | boolean;
}

const LARGEST_INT32 = 2 ** 31 - 1;
const SMALLEST_INT32 = -(2 ** 31);
const LARGEST_INT64 = 2n ** 63n - 1n;
const SMALLEST_INT64 = -(2n ** 63n);
const LARGEST_PROPERTY_BYTES = 64 * 1024;
/** The earliest DateTime that the service takes. */
const EARLIEST = "1601-01-01T00:00:00.0000000Z";
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,7})\d*)?(Z|[+-]\d{2}:\d{2})?$/i;

/**
 * Reads one JSON property with the type its `@odata.type` annotation names, or the type JSON gives it.
 *
 * @throws {StorageError} 400 InvalidInput when value and type disagree, PropertyValueTooLarge above 64 KiB
 */
export function readEdm(name: string, value: unknown, annotation: unknown): EdmValue {
  const edm = annotation === undefined ? inferEdm(value) : parseEdm(value, annotation);
  if (!edm) {
    const expected = annotation === undefined ? "a string, number or boolean" : String(annotation);
    throw invalidInput(`The property '${name}' has the value ${brief(value)}, expected ${expected}.`);
  }
  if (edmBytes(edm) > LARGEST_PROPERTY_BYTES) {
    throw new StorageError(
      400,
      "PropertyValueTooLarge",
      `The property '${name}' takes ${edmBytes(edm)} bytes, expected at most ${LARGEST_PROPERTY_BYTES} (64 KiB).`,
    );
  }
  return edm;
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

function inferEdm(value: unknown): EdmValue | undefined {
  if (typeof value === "string") return { type: "Edm.String", value };
  if (typeof value === "boolean") return { type: "Edm.Boolean", value };
  if (typeof value !== "number") return undefined;
  return isInt32(value) ? { type: "Edm.Int32", value } : { type: "Edm.Double", value };
}

function parseEdm(value: unknown, type: unknown): EdmValue | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const parse = PARSERS[String(type)];
  return parse?.(String(value));
}

const isInt32 = (value: number) =>
  Number.isInteger(value) && value >= SMALLEST_INT32 && value <= LARGEST_INT32;

const PARSERS: Record<string, (text: string) => EdmValue | undefined> = {
  "Edm.String": (value) => ({ type: "Edm.String", value }),
  "Edm.Boolean": (text) => {
    const value = text.toLowerCase();
    return value === "true" || value === "false"
      ? { type: "Edm.Boolean", value: value === "true" }
      : undefined;
  },
  "Edm.Int32": (text) =>
    INTEGER.test(text) && isInt32(Number(text)) ? { type: "Edm.Int32", value: Number(text) } : undefined,
  "Edm.Int64": (text) => {
    if (!INTEGER.test(text)) return undefined;
    const value = BigInt(text.replace("+", ""));
    return value >= SMALLEST_INT64 && value <= LARGEST_INT64
      ? { type: "Edm.Int64", value: value.toString() }
      : undefined;
  },
  "Edm.Double": (text) => {
    if (["NaN", "Infinity", "-Infinity"].includes(text)) return { type: "Edm.Double", value: text };
    return NUMBER.test(text) && Number.isFinite(Number(text))
      ? { type: "Edm.Double", value: Number(text) }
      : undefined;
  },
  "Edm.DateTime": (text) => {
    const value = normaliseDateTime(text);
    return value !== undefined && value >= EARLIEST ? { type: "Edm.DateTime", value } : undefined;
  },
  "Edm.Guid": (text) => (GUID.test(text) ? { type: "Edm.Guid", value: text.toLowerCase() } : undefined),
  "Edm.Binary": (text) => (BASE64.test(text) ? { type: "Edm.Binary", value: text } : undefined),
};

/** ISO 8601 to UTC with seven digits, so that comparing texts compares times; `undefined` when it is no time. */
export function normaliseDateTime(text: string): string | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const [, seconds, fraction = "", zone = "Z"] = match;
  const wholeSeconds = new Date(`${seconds}${zone.toUpperCase()}`);
  if (Number.isNaN(wholeSeconds.getTime())) return undefined;
  return `${wholeSeconds.toISOString().slice(0, -"000Z".length)}${fraction.padEnd(7, "0")}Z`;
}

/** The literal of a filter, e.g. `guid'…'`, as a typed value. */
export function edmLiteral(type: EdmType, text: string): EdmValue | undefined {
  return PARSERS[type]?.(text);
}

/** A stored double as a number. */
function toNumber(edm: EdmValue): number {
  return Number(edm.value);
}

const isNumeric = (type: EdmType) => type === "Edm.Int32" || type === "Edm.Int64" || type === "Edm.Double";

/**
 * Orders two values: below, at or above 0; `undefined` when their types cannot be compared (or one is not a number).
 * Numbers of different types compare by value.
 */
export function compareEdm(a: EdmValue, b: EdmValue): number | undefined {
  if (isNumeric(a.type) && isNumeric(b.type)) {
    const isBig = a.type === "Edm.Int64" || b.type === "Edm.Int64";
    if (isBig && a.type !== "Edm.Double" && b.type !== "Edm.Double")
      return order(BigInt(a.value), BigInt(b.value));
    const [x, y] = [toNumber(a), toNumber(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? undefined : order(x, y);
  }
  if (a.type !== b.type) return undefined;
  if (a.type === "Edm.Binary") {
    return Buffer.compare(Buffer.from(String(a.value), "base64"), Buffer.from(String(b.value), "base64"));
  }
  return order(a.value, b.value);
}

function order<T extends string | number | bigint | boolean>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Bytes that a value counts for in the limits of a property and an entity. */
export function edmBytes(edm: EdmValue): number {
  switch (edm.type) {
    case "Edm.String":
      return String(edm.value).length * 2;
    case "Edm.Binary":
      return Buffer.byteLength(String(edm.value), "base64");
    case "Edm.Boolean":
      return 1;
    case "Edm.Int32":
      return 4;
    case "Edm.Guid":
      return 16;
    default:
      return 8;
  }
}
