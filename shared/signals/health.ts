import type { Signal } from "./signal.ts";

/** What Resource Health says of a resource, before and after. */
export type HealthFacts = {
  current?: string | undefined;
  previous?: string | undefined;
  cause?: string | undefined;
};

const STATES: ReadonlyMap<string, Signal["state"]> = new Map([
  ["unavailable", "raised"],
  ["degraded", "raised"],
  ["available", "cleared"],
]);

/** Undefined when health is unknown, or when somebody switched the resource off on purpose. */
export function healthState({ current, cause }: HealthFacts): Signal["state"] | undefined {
  const state = STATES.get((current ?? "").toLowerCase());
  return state === "raised" && cause?.toLowerCase() === "userinitiated" ? undefined : state;
}
