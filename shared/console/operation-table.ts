import type { ComponentChild } from "preact";
import type { Operation } from "../operations/operation-store.ts";
import { modelLink, operationLink, state, table, text, time } from "./parts.ts";

export interface OperationList {
  /** Names the table for those who cannot see where it stands. */
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly now: Date;
  /** Says what will appear, and when. */
  readonly empty: string;
}

/** Operations as they were given, each with where it stands. */
export function operationTable({ name, operations, now, empty }: OperationList): ComponentChild {
  const rows = operations.map((operation) => [
    operationLink(operation.id, titleOf(operation)),
    ...standing(operation, now),
    modelLink(operation.model),
  ]);
  return table(name, ["Operation", ...STANDING, "Model"], rows, empty);
}

/** The same on a page that is about one model. */
export function operationTableOfModel({ name, operations, now, empty }: OperationList): ComponentChild {
  const rows = operations.map((operation) => [
    operationLink(operation.id, titleOf(operation)),
    ...standing(operation, now),
  ]);
  return table(name, ["Operation", ...STANDING], rows, empty);
}

const STANDING = ["State", "Where it stands", "Began or ended"];

const standing = ({ outcome, sentence, startedAt, endedAt }: Operation, now: Date) => [
  state(outcome ?? "running"),
  text(sentence),
  time(endedAt ?? startedAt, now),
];

const titleOf = ({ kind, version }: Operation) => (version === null ? kind : `${kind} of version ${version}`);
