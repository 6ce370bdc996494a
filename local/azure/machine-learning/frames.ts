import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** Rows under named columns, as models take them. */
export interface Frame {
  readonly columns: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

const Row = z.record(z.string(), z.unknown());
/** A line of collected data: an event with the rows of one request. */
const Collected = z.looseObject({ specversion: z.string(), time: z.string(), data: z.array(Row) });

/** The files at a place, which may be one itself, in order of their names. */
export async function filesOf(place: string): Promise<string[]> {
  if ((await stat(place)).isFile()) return [place];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Reads plain CSV with a header, lines of JSON objects, or collected data.
 *
 * @param window - collected data of other times is left out; milliseconds since the epoch
 * @throws {Error} when CSV has quoted fields, or a line is no JSON object
 */
export async function readFrame(
  file: string,
  window?: { readonly from: number; readonly to: number } | null,
): Promise<Frame> {
  const lines = (await readFile(file, "utf8")).split(/\r?\n/).filter((line) => line.trim() !== "");
  if (/\.(jsonl?|ndjson)$/i.test(file)) {
    const rows = lines.flatMap((line) => rowsOf(JSON.parse(line), window));
    const columns = Object.keys(rows[0] ?? {});
    return { columns, data: rows.map((row) => columns.map((column) => row[column] ?? null)) };
  }
  if (lines.some((line) => line.includes('"'))) {
    throw new Error(`${file} has quoted fields, expected plain CSV.`);
  }
  const [header = "", ...rows] = lines;
  return { columns: header.split(","), data: rows.map((row) => row.split(",").map(readCell)) };
}

function rowsOf(
  line: unknown,
  window: { readonly from: number; readonly to: number } | null | undefined,
): Record<string, unknown>[] {
  const collected = Collected.safeParse(line);
  if (!collected.success) return [Row.parse(line)];
  const at = Date.parse(collected.data.time);
  return window && (at < window.from || at >= window.to) ? [] : collected.data.data;
}

function readCell(cell: string): string | number | null {
  if (cell === "") return null;
  return Number.isNaN(Number(cell)) ? cell : Number(cell);
}
