import * as z from "zod";
import { readCollectedRows } from "../jobs/collected-rows.ts";

/** A day that was asked about at the endpoint, and what the model answered. */
export interface ServedDay {
  readonly date: string;
  /** Cells by column, as they were sent. */
  readonly row: Readonly<Record<string, unknown>>;
  /** °C for the day after; absent when no answer was collected. */
  readonly prediction?: number;
}

const Inputs = z.record(z.string(), z.unknown());
const Output = z.object({ prediction: z.number() });

/**
 * What the model data collector kept of one deployment. Callers name their requests `{date}/{station}`; stations repeat a
 * day's request, and each day counts once.
 *
 * @returns oldest first
 */
export async function readCollected(folder: string): Promise<ServedDay[]> {
  const days = new Map<string, ServedDay>();
  for (const { date, row } of await readCollectedRows(folder, "model_inputs")) {
    const read = Inputs.safeParse(row);
    if (read.success) days.set(date, { date, row: read.data });
  }
  for (const { date, row } of await readCollectedRows(folder, "model_outputs")) {
    const day = days.get(date);
    const read = Output.safeParse(row);
    if (day && read.success) days.set(date, { ...day, prediction: read.data.prediction });
  }
  return [...days.values()].sort((a, b) => a.date.localeCompare(b.date));
}
