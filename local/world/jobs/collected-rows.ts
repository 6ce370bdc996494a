import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";

/** One row of a request or a response, as the model data collector kept it. */
export interface CollectedRow {
  /** Callers name their requests `{date}/{caller}`. */
  readonly date: string;
  readonly caller: string;
  readonly row: unknown;
}

const Line = z.object({ correlationid: z.string(), data: z.array(z.unknown()).min(1) });
const CORRELATION_ID = /^(\d{4}-\d{2}-\d{2})\/(.+)$/;

/**
 * The first row of every request in `{collection}/**` of a deployment's folder, a CloudEvent a line, file by file. Requests
 * of other callers, such as smoke tests, have no date and are passed over, and so is a line that a crash cut off.
 *
 * @param collection - `model_inputs` or `model_outputs`
 */
export async function readCollectedRows(folder: string, collection: string): Promise<CollectedRow[]> {
  const found: CollectedRow[] = [];
  const files = (await Array.fromAsync(glob("**/*.jsonl", { cwd: join(folder, collection) }))).sort();
  for (const file of files) {
    for (const line of (await readFile(join(folder, collection, file), "utf8")).split("\n")) {
      const read = readLine(line);
      if (read) found.push(read);
    }
  }
  return found;
}

function readLine(line: string): CollectedRow | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const read = Line.safeParse(json);
  const [, date, caller] = (read.success && CORRELATION_ID.exec(read.data.correlationid)) || [];
  return read.success && date && caller ? { date, caller, row: read.data.data[0] } : undefined;
}
