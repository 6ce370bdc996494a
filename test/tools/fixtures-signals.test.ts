import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readPayload } from "../../tools/doors.ts";
import { fixtureNames } from "../shared/signals/fixtures.ts";

const file = new URL("../fixtures/signals.json", import.meta.url);

/** Legacy budget alerts have no date of their own. */
const receivedAt = new Date("2026-07-01T12:00:00Z");

function signalsOf(name: string): unknown[] {
  const bytes = readFileSync(new URL(`../fixtures/events/${name}.json`, import.meta.url));
  const { outcomes } = readPayload(bytes, undefined, receivedAt);
  return outcomes.flatMap((outcome) => (outcome.outcome === "signal" ? outcome.signals : []));
}

if (process.env.OUTERLOOP_WRITE_FIXTURES_TABLE === "1") {
  const all = fixtureNames
    .map((name) => [name, signalsOf(name)] as const)
    .filter(([, found]) => found.length > 0);
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all.toSorted()), null, 2)}\n`);
}

/** Field by field, as reviewed against each payload: a change here is a change of what is decided upon. */
const expected = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown[]>;

test.each([...fixtureNames].sort())("%s gives its signals, whole, and no others", (name) => {
  expect(signalsOf(name)).toEqual(expected[name] ?? []);
});
