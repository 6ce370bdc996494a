import { readFileSync } from "node:fs";
import { ModelState } from "../shared/models/state.ts";
import { loadPolicy, type PolicyBook } from "../shared/policy/load.ts";
import { firstProblem, isRecord } from "../shared/signals/fields.ts";

/** What was asked for cannot be done; the message says what to change. Exit code 1. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** @throws {UsageError} naming the file and what it is for */
export function readInput(file: string, what: string): Buffer {
  try {
    return readFileSync(file === "-" ? process.stdin.fd : file);
  } catch (error) {
    throw new UsageError(`The ${what} '${file}' cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws {UsageError | PolicyError} */
export function readPolicy(file: string): PolicyBook {
  return loadPolicy(readInput(file, "policy").toString("utf8"), file);
}

/**
 * States as `GET /api/models` gives them: one, a list, or `{value: [...]}`.
 *
 * @throws {UsageError} naming the field that is wrong
 */
export function readStates(file: string): ModelState[] {
  const body = json(readInput(file, "state").toString("utf8"), file);
  const inner = isRecord(body) && Array.isArray(body.value) ? body.value : body;
  return (Array.isArray(inner) ? inner : [inner]).map((one) => {
    const read = ModelState.safeParse(one);
    if (read.success) return read.data;
    throw new UsageError(`The state '${file}' is not understood: ${firstProblem(read.error).reason}`);
  });
}

/** @throws {UsageError} when it is no date */
export function readMoment(text: string, option: string): Date {
  const moment = new Date(text);
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new UsageError(`${option} takes a time such as 2026-07-01T12:00:00Z, found '${text}'.`);
}

function json(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`'${file}' is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
