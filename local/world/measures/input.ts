/** A measure was asked of something that it cannot be taken of. */
export class MeasureInputError extends Error {
  override name = "MeasureInputError";
}

/** @throws {MeasureInputError} unless there are at least `least` values, each of them finite */
export function requireNumbers(what: string, values: readonly number[], least = 1): void {
  if (values.length < least)
    throw new MeasureInputError(`${what} has ${values.length} values, expected at least ${least}.`);
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index >= 0)
    throw new MeasureInputError(
      `${what}[${index}] is ${String(values[index])}, expected a finite number: leave out what is null before.`,
    );
}

/** @throws {MeasureInputError} unless both have the same number of values, at least one */
export function requirePairs(one: readonly unknown[], other: readonly unknown[], what: string): void {
  if (one.length === other.length && one.length > 0) return;
  throw new MeasureInputError(
    `There are ${one.length} and ${other.length} ${what}, expected as many of each, and at least one.`,
  );
}
