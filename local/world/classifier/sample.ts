import { readFile } from "node:fs/promises";
import * as z from "zod";
import type { Task } from "./task.ts";

/** One image or text of a day. */
export interface Sample {
  readonly id: string;
  /** `2025-03-01` */
  readonly date: string;
  readonly content: string;
}

/** A sample whose true label is known. */
export interface LabelledSample extends Sample {
  readonly label: string;
}

/** The data cannot be used as it is. */
export class SampleDataError extends Error {
  override name = "SampleDataError";
}

const Row = z.looseObject({ id: z.string().min(1), date: z.iso.date(), label: z.string() });

/**
 * Reads lines of JSON, each `{id, date, label, image|text}`. A sample that comes again, in this file or a later one, counts
 * once: the last word on its label is taken.
 *
 * @throws {SampleDataError} naming the line and the field that cannot be read
 */
export async function readSamples(files: readonly string[], task: Task): Promise<LabelledSample[]> {
  const samples = new Map<string, LabelledSample>();
  for (const file of files)
    for (const sample of parseSamples(await readFile(file, "utf8"), task, file))
      samples.set(sample.id, sample);
  return [...samples.values()].sort((a, b) => a.date.localeCompare(b.date) || a.id.localeCompare(b.id));
}

/** @param where - names the source in errors */
export function parseSamples(jsonl: string, task: Task, where: string): LabelledSample[] {
  return jsonl
    .split("\n")
    .flatMap((line, index) => (line.trim() === "" ? [] : [readLine(line, task, `${where}:${index + 1}`)]));
}

function readLine(line: string, task: Task, where: string): LabelledSample {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new SampleDataError(`${where} is no JSON, expected {id, date, label, ${task.column}}.`);
  }
  const row = Row.safeParse(json);
  if (!row.success) {
    const [issue] = row.error.issues;
    throw new SampleDataError(`${where}: ${issue?.path.join(".") || "row"}: ${issue?.message ?? ""}.`);
  }
  const { id, date, label, [task.column]: content } = row.data;
  if (typeof content !== "string")
    throw new SampleDataError(`${where}: ${task.column} is ${typeof content}, expected text.`);
  const problem = task.problemOf(content);
  if (problem !== null) throw new SampleDataError(`${where}: ${task.column} ${problem}.`);
  if (!task.labels.includes(label))
    throw new SampleDataError(`${where}: label is '${label}', expected one of ${task.labels.join(", ")}.`);
  return { id, date, content, label };
}

/** Rows as the data assets hold them. */
export function linesOf(samples: readonly (Sample & { readonly label?: string })[], task: Task): string {
  return samples
    .map(({ id, date, label, content }) => `${JSON.stringify({ id, date, label, [task.column]: content })}\n`)
    .join("");
}
