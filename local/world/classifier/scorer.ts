import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The model's answer to one row. */
export interface Answer {
  readonly label: string;
  /** From 0 to 1: how probable `label` is in the model's eyes, among all labels. */
  readonly confidence: number;
}

/** What of `model.json` a served model needs. */
export interface Weights {
  readonly labels: readonly string[];
  readonly vocabulary: readonly string[];
  /** Per label: the intercept, then a weight per feature. Their sum estimates the probability of the label. */
  readonly weights: readonly (readonly number[])[];
}

/** How a task turns a row into numbers. */
export interface Reading {
  readonly column: string;
  featuresOf(content: string, vocabulary: readonly string[]): readonly number[];
  problemOf(content: string): string | null;
}

/**
 * Loads a model folder.
 *
 * No imports but Node's own here and in what the tasks add: it is bundled into every model folder.
 *
 * @returns takes `{input_data: {columns, index, data}}`, answers `{label, confidence}` per row
 */
export async function loadClassifier(
  folder: string,
  reading: Reading,
): Promise<(request: unknown) => Answer[]> {
  const model: Weights = JSON.parse(await readFile(join(folder, "model.json"), "utf8"));
  return (request) =>
    contentsOf(request, reading).map((content) =>
      classify(model, reading.featuresOf(content, model.vocabulary)),
    );
}

/** The label with the greatest sum; its confidence is its share of all that the labels sum up to, between 0 and 1 each. */
export function classify({ labels, weights }: Weights, features: readonly number[]): Answer {
  let best = { label: "", sum: Number.NEGATIVE_INFINITY };
  let total = 0;
  for (const [index, row] of weights.entries()) {
    let sum = row[0] ?? 0;
    for (const [at, feature] of features.entries()) sum += (row[at + 1] ?? 0) * feature;
    total += between0And1(sum);
    if (sum > best.sum) best = { label: labels[index] ?? "", sum };
  }
  return { label: best.label, confidence: total === 0 ? 0 : between0And1(best.sum) / total };
}

const between0And1 = (value: number) => Math.min(1, Math.max(0, value));

function contentsOf(request: unknown, { column, problemOf }: Reading): string[] {
  const { columns, data } = frameOf(request);
  const at = columns.indexOf(column);
  if (at < 0) throw new Error(`The request lacks the column ${column}.`);
  return data.map((cells, row) => {
    const content: unknown = Array.isArray(cells) ? cells[at] : undefined;
    if (typeof content !== "string")
      throw new Error(`Row ${row} has ${typeof content} as ${column}, expected text.`);
    const problem = problemOf(content);
    if (problem !== null) throw new Error(`Row ${row}: ${column} ${problem}.`);
    return content;
  });
}

function frameOf(request: unknown): { columns: readonly unknown[]; data: readonly unknown[] } {
  const frame = memberOf(request, "input_data");
  const columns = memberOf(frame, "columns");
  const data = memberOf(frame, "data");
  if (Array.isArray(columns) && Array.isArray(data)) return { columns, data };
  throw new Error("The request has no input_data.columns and input_data.data, expected both as lists.");
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
