/** Stands in for vitest while mutants are judged: the same `expect`, and a list of the tests instead of a run of them. */
export { expect } from "vitest";

/** One test, ready to be run as often as there are mutants. */
export interface CollectedTest {
  readonly name: string;
  readonly run: () => unknown;
}

type Body = (...values: unknown[]) => unknown;

let collected: CollectedTest[] = [];
let around: readonly string[] = [];

/** What was declared since the last call. */
export function takeCollected(): CollectedTest[] {
  const taken = collected;
  collected = [];
  return taken;
}

function declare(name: string, run: () => unknown): void {
  collected.push({ name: [...around, name].join(" > "), run });
}

export const test = Object.assign((name: string, body: Body) => declare(name, () => body()), {
  each: (rows: readonly unknown[]) => (name: string, body: Body) => {
    for (const [index, row] of rows.entries()) {
      declare(`${name} [${index}]`, () => (Array.isArray(row) ? body(...row) : body(row)));
    }
  },
});

export function describe(name: string, body: () => void): void {
  const outside = around;
  around = [...outside, name];
  body();
  around = outside;
}
