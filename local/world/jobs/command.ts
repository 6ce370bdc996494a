import { type Tracking, trackingFrom } from "./tracking.ts";

/** An argument of a script is missing or cannot be read. */
export class ArgumentError extends Error {
  override name = "ArgumentError";
}

/** @throws {ArgumentError} when absent or empty */
export function required(name: string, value: string | undefined): string {
  if (value) return value;
  throw new ArgumentError(`--${name} is missing, expected a value.`);
}

/** @throws {ArgumentError} unless a whole number of at least 1 */
export function wholeNumber(name: string, value: string | undefined): number {
  const number = Number(required(name, value));
  if (Number.isInteger(number) && number >= 1) return number;
  throw new ArgumentError(`--${name} is '${value}', expected a whole number of at least 1.`);
}

/** @throws {ArgumentError} unless a finite number */
export function figure(name: string, value: string | undefined): number {
  const number = Number(required(name, value));
  if (Number.isFinite(number)) return number;
  throw new ArgumentError(`--${name} is '${value}', expected a number.`);
}

/** Runs a script: its figures go to MLflow and, as one line of JSON, to stdout; an error to stderr, and exit code 1. */
export async function runScript(script: (tracking: Tracking) => Promise<object>): Promise<void> {
  try {
    console.log(JSON.stringify(await script(trackingFrom(process.env))));
  } catch (error) {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    process.exitCode = 1;
  }
}
