import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readAlert } from "../../shared/signals/alert-schemas.ts";
import { fixture, fixtureNames } from "../shared/signals/fixtures.ts";

const file = new URL("../fixtures/alerts.json", import.meta.url);
const names = fixtureNames.filter((name) => name.startsWith("alert-")).sort();

/** An alert as its schema is read, before anything decides what it means; its context is the payload's own. */
function alertOf(name: string): unknown {
  const read = readAlert(fixture(name) as Record<string, unknown>);
  if (read === null || "field" in read) return null;
  const { context, ...alert } = read;
  // Maps as objects.
  return JSON.parse(
    JSON.stringify(alert, (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value)),
  );
}

if (process.env.OUTERLOOP_WRITE_FIXTURES_TABLE === "1") {
  const all = Object.fromEntries(names.map((name) => [name, alertOf(name)]));
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}

/** Of all seven schemas, also of alerts that call for nothing. As reviewed against each payload. */
const expected = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

test.each(names)("%s is read whole", (name) => {
  expect(alertOf(name)).toEqual(expected[name]);
});
