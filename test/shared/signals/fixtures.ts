import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../fixtures/events/", import.meta.url);

/** A published or derived payload; `../../fixtures/events-sources.json` says which, and from where. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
}

export const fixtureNames: readonly string[] = readdirSync(folder).map((file) => file.replace(/\.json$/, ""));
