import { parseArgs } from "node:util";
import { ArgumentError } from "./jobs/command.ts";

/** A whole number that may be chosen. */
export interface Choice {
  readonly usual: number;
  readonly least: number;
  /** Absent: any number. */
  readonly most?: number;
}

/**
 * What was chosen on the command line of `npm run world`, by name.
 *
 * @throws {ArgumentError} which says what is expected, when anything else was typed
 */
export function readChoices<Name extends string>(
  world: string,
  args: readonly string[],
  choices: Readonly<Record<Name, Choice>>,
): Readonly<Record<Name, number>> {
  const named = Object.entries<Choice>(choices);
  const usage = named.map(
    ([name, { least, most }]) => `[--${name} ${least} ${most === undefined ? "or more" : `to ${most}`}]`,
  );
  const expected = `Expected: npm run world -- ${world} ${usage.join(" ")}`;
  const typed = valuesOf(
    args,
    named.map(([name]) => name),
    expected,
  );
  const numbers = named.map(([name, { usual, least, most = Number.POSITIVE_INFINITY }]) => {
    const number = Number(typed[name] ?? usual);
    if (Number.isInteger(number) && number >= least && number <= most) return [name, number];
    throw new ArgumentError(`--${name} is '${typed[name]}'. ${expected}`);
  });
  return Object.fromEntries(numbers);
}

function valuesOf(args: readonly string[], names: readonly string[], expected: string) {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]));
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new ArgumentError(`${error instanceof Error ? error.message : String(error)}. ${expected}`);
  }
}
