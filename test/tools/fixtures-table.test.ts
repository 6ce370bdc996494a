import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ParseOutcome } from "../../shared/signals/outcome.ts";
import { readPayload } from "../../tools/doors.ts";
import { fixtureNames } from "../shared/signals/fixtures.ts";

const file = new URL("../fixtures/README.md", import.meta.url);
const sources = JSON.parse(
  readFileSync(new URL("../fixtures/events-sources.json", import.meta.url), "utf8"),
) as Record<string, { provenance?: string }>;

/**
 * What every fixture becomes, as a table. `OUTERLOOP_WRITE_FIXTURES_TABLE=1 npx vitest run test/tools/fixtures-table`
 * writes it anew; a change of it is a change of what operators see.
 */
function table(): string {
  const rows = [...fixtureNames].sort().map((name) => {
    const bytes = readFileSync(new URL(`../fixtures/events/${name}.json`, import.meta.url));
    const { door, outcomes } = readPayload(bytes, undefined, new Date("2026-07-01T12:00:00Z"));
    const [kinds, rules] = [unique(outcomes.map(signalOf)), unique(outcomes.map(({ rule }) => rule))];
    const cells = [
      name,
      sources[`${name}.json`]?.provenance ?? "",
      door ?? "none",
      unique(outcomes.map(({ outcome }) => outcome)),
      kinds,
      rules,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "# Payloads, and what they become",
    "",
    "`events/` holds payloads as Azure sends them, published by Microsoft or derived from what it documents;",
    "`events-sources.json` says which, and from where. This table is written by the test that checks it,",
    "`test/tools/fixtures-table.test.ts`. A payload without a door is a fragment, or goes to no door of ours.",
    "",
    "| payload | provenance | door | outcome | signal | rule |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

const unique = (words: readonly string[]): string =>
  [...new Set(words.filter((word) => word !== ""))].join(", ");

function signalOf(outcome: ParseOutcome): string {
  if (outcome.outcome !== "signal") return "";
  return unique(outcome.signals.map(({ kind, state }) => `${kind} ${state}`));
}

test("the table of the fixtures says what each of them becomes", () => {
  const current = table();
  if (process.env.OUTERLOOP_WRITE_FIXTURES_TABLE === "1") writeFileSync(file, current);
  expect(readFileSync(file, "utf8")).toBe(current);
});
