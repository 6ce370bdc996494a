import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** A day that was asked about at the endpoint, and what the model answered. */
export interface ServedDay {
  readonly date: string;
  /** Cells by column, as they were sent. */
  readonly row: Readonly<Record<string, unknown>>;
  /** °C for the day after; absent when no answer was collected. */
  readonly prediction?: number;
}

const Line = z.object({ correlationid: z.string(), data: z.array(z.unknown()).min(1) });
const Inputs = z.record(z.string(), z.unknown());
const Output = z.object({ prediction: z.number() });
/** Callers name their requests `{date}/{station}`. */
const CORRELATION_ID = /^(\d{4}-\d{2}-\d{2})\//;

/**
 * What the model data collector kept of one deployment: `model_inputs/**` and `model_outputs/**`, a CloudEvent a line.
 * Stations repeat a day's request, and each day counts once. Requests of other callers, such as smoke tests, have no
 * date and are passed over, and so is a line that a crash cut off.
 *
 * @returns oldest first
 */
export async function readCollected(folder: string): Promise<ServedDay[]> {
  const days = new Map<string, ServedDay>();
  for (const { date, row } of await linesOf(folder, "model_inputs")) {
    const read = Inputs.safeParse(row);
    if (read.success) days.set(date, { date, row: read.data });
  }
  for (const { date, row } of await linesOf(folder, "model_outputs")) {
    const day = days.get(date);
    const read = Output.safeParse(row);
    if (day && read.success) days.set(date, { ...day, prediction: read.data.prediction });
  }
  return [...days.values()].sort((a, b) => a.date.localeCompare(b.date));
}

async function linesOf(folder: string, collection: string): Promise<{ date: string; row: unknown }[]> {
  const found: { date: string; row: unknown }[] = [];
  const files = (await Array.fromAsync(glob("**/*.jsonl", { cwd: join(folder, collection) }))).sort();
  for (const file of files) {
    for (const line of (await readFile(join(folder, collection, file), "utf8")).split("\n")) {
      const read = readLine(line);
      if (read) found.push(read);
    }
  }
  return found;
}

function readLine(line: string): { date: string; row: unknown } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const read = Line.safeParse(json);
  const date = read.success ? CORRELATION_ID.exec(read.data.correlationid)?.[1] : undefined;
  return read.success && date ? { date, row: read.data.data[0] } : undefined;
}
