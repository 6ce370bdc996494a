import { MeasureInputError } from "./input.ts";

export type DataType = "numerical" | "categorical";

/** What the reference data holds: from `minimum` to `maximum`, both included, or one of these categories. */
export type Bounds = { readonly minimum: number; readonly maximum: number } | ReadonlySet<string>;

const isNull = (value: unknown) =>
  value === null || value === undefined || (typeof value === "number" && Number.isNaN(value));

/**
 * Azure's `NullValueRate`.
 *
 * @param values - of one feature, a row each, as they came
 * @returns share of rows from 0 to 1, to five decimals
 * @throws {MeasureInputError} when there is no row
 */
export function nullValueRate(values: readonly unknown[]): number {
  return rateOf(values, isNull);
}

/**
 * Azure's `DataTypeErrorRate`: rows that cannot be read as the reference's type. A number written as text can, and so
 * can anything as a category; what is null is counted by {@link nullValueRate} instead.
 *
 * @returns share of all rows from 0 to 1, to five decimals
 * @throws {MeasureInputError} when there is no row
 */
export function dataTypeErrorRate(values: readonly unknown[], type: DataType): number {
  return rateOf(values, (value) => type === "numerical" && !isNull(value) && numberOf(value) === null);
}

/**
 * Azure's `OutOfBoundsRate`: rows beyond the least and greatest value of the reference, or of a category that it has
 * not. What is null or of another type is counted by the other two.
 *
 * @returns share of all rows from 0 to 1, to five decimals
 * @throws {MeasureInputError} when there is no row
 * @see `compute_data_quality_metrics.py` of Azure's model monitoring components, for all three
 */
export function outOfBoundsRate(values: readonly unknown[], bounds: Bounds): number {
  return rateOf(values, (value) => {
    if (isNull(value)) return false;
    if (!("minimum" in bounds)) return !bounds.has(String(value));
    const number = numberOf(value);
    return number !== null && (number < bounds.minimum || number > bounds.maximum);
  });
}

/** Null when it cannot be read as a number. */
function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  return Number.isNaN(number) ? null : number;
}

const DECIMALS = 1e5;

function rateOf(values: readonly unknown[], isCounted: (value: unknown) => boolean): number {
  if (values.length === 0) throw new MeasureInputError("There is no row, expected at least one.");
  return Math.round((values.filter(isCounted).length / values.length) * DECIMALS) / DECIMALS;
}
