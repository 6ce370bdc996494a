import type { ComponentChild } from "preact";
import type { Operation } from "../operations/operation-store.ts";
import { modelLink, operationLink, state, table, text, time } from "./parts.ts";

/** Operations as they were given, each with where it stands. */
export function operationTable(
  name: string,
  operations: readonly Operation[],
  now: Date,
  empty: string,
): ComponentChild {
  const rows = operations.map(({ id, kind, model, version, outcome, sentence, startedAt, endedAt }) => [
    operationLink(id, version === null ? kind : `${kind} of version ${version}`),
    modelLink(model),
    state(outcome ?? "running"),
    text(sentence),
    time(endedAt ?? startedAt, now),
  ]);
  return table(name, ["Operation", "Model", "State", "Where it stands", "Began or ended"], rows, empty);
}
