import * as z from "zod";
import { readCollectedRows } from "../jobs/collected-rows.ts";
import type { Answer } from "./scorer.ts";
import type { Task } from "./task.ts";

/** A sample that the endpoint was asked about, and what the model answered. */
export interface ServedSample {
  readonly id: string;
  readonly date: string;
  /** As it came: null, or of another type, when the caller erred. */
  readonly content: unknown;
  /** Absent when no answer was collected. */
  readonly answer?: Answer;
}

const Output = z.object({ label: z.string(), confidence: z.number() });
const Input = z.record(z.string(), z.unknown());

/**
 * What the model data collector kept of one deployment. Callers name their requests `{date}/{sample id}`; a sample that
 * was asked about again counts once, with its last answer.
 *
 * @returns oldest first
 */
export async function readCollected(folder: string, task: Task): Promise<ServedSample[]> {
  const served = new Map<string, ServedSample>();
  for (const { date, caller: id, row } of await readCollectedRows(folder, "model_inputs")) {
    const read = Input.safeParse(row);
    served.set(id, { id, date, content: read.success ? (read.data[task.column] ?? null) : null });
  }
  for (const { caller, row } of await readCollectedRows(folder, "model_outputs")) {
    const sample = served.get(caller);
    const read = Output.safeParse(row);
    if (sample && read.success) served.set(caller, { ...sample, answer: read.data });
  }
  return [...served.values()].sort((a, b) => a.date.localeCompare(b.date) || a.id.localeCompare(b.id));
}
