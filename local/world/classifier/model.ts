import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { parse, stringify } from "yaml";
import * as z from "zod";
import type { LabelledSample } from "./sample.ts";
import { SampleDataError } from "./sample.ts";
import { type Answer, classify } from "./scorer.ts";
import type { Task } from "./task.ts";

/**
 * What large weights cost. From 0.1 to 1 the held-out accuracy hardly changes; at 3, new samples that contradict many old ones
 * are learnt too little.
 */
const RIDGE = 0.3;
/** Every fifth sample is kept out of training: the figures and the monitors' reference are of samples not learnt. */
const HOLD_OUT_EVERY = 5;

/** `model.json`: the weights, and the reference that serving data is held against. */
const ClassifierModel = z.object({
  kind: z.literal("least-squares"),
  task: z.enum(["vision", "language"]),
  labels: z.array(z.string()).min(2),
  vocabulary: z.array(z.string()),
  weights: z.array(z.array(z.number())).min(2),
  /** Samples that it was made from, held out or not: none of them may judge it. */
  sampleIds: z.array(z.string()),
  reference: z.object({
    /** What drift is measured on, of every sample that it was made from. */
    descriptions: z.array(z.record(z.string(), z.number())).min(2),
    /** Of the samples that were held out. */
    answers: z.array(z.object({ label: z.string(), confidence: z.number(), truth: z.string() })).min(2),
  }),
});
export type ClassifierModel = z.infer<typeof ClassifierModel>;

const ModelFile = z.object({ flavors: z.object({ node_function: z.object({ loader: z.string().min(1) }) }) });

const Answers = z.array(z.object({ label: z.string(), confidence: z.number().min(0).max(1) }));

/** Answers each image or text. */
export type Classify = (contents: readonly string[]) => Promise<Answer[]>;

/**
 * Least-squares classification: a ridge regression per label on whether a sample is of it. Solved exactly, so that the same
 * samples give the same model, in a tenth of a second.
 *
 * @see Rifkin, Yeo and Poggio 2003, "Regularized least-squares classification"
 * @param samples - in an order that mixes the labels: every fifth is held out
 * @throws {SampleDataError} when a label has no sample to learn from
 */
export function trainClassifier(task: Task, samples: readonly LabelledSample[]): ClassifierModel {
  const isHeldOut = (index: number) => index % HOLD_OUT_EVERY === HOLD_OUT_EVERY - 1;
  const learnt = samples.filter((_, index) => !isHeldOut(index));
  const heldOut = samples.filter((_, index) => isHeldOut(index));
  for (const label of task.labels) {
    if (learnt.some((sample) => sample.label === label)) continue;
    throw new SampleDataError(`No sample of label '${label}' is left to learn from, expected several.`);
  }
  const vocabulary = [...task.vocabularyOf(learnt.map(({ content }) => content))];
  const weights = weightsOf(task, learnt, vocabulary);
  const model = { labels: [...task.labels], vocabulary, weights };
  return {
    kind: "least-squares",
    task: task.name,
    ...model,
    sampleIds: samples.map(({ id }) => id),
    reference: {
      descriptions: samples.map(({ content }) => ({ ...task.describe(content, vocabulary) })),
      answers: heldOut.map(({ content, label }) => ({
        ...classify(model, task.featuresOf(content, vocabulary)),
        truth: label,
      })),
    },
  };
}

/** A row per label. The intercept, first of each, is free. */
function weightsOf(
  task: Task,
  samples: readonly LabelledSample[],
  vocabulary: readonly string[],
): number[][] {
  const rows = new Matrix(samples.map(({ content }) => [1, ...task.featuresOf(content, vocabulary)]));
  const isOf = new Matrix(
    samples.map((sample) => task.labels.map((label) => (label === sample.label ? 1 : 0))),
  );
  const columns = rows.transpose();
  const normal = columns.mmul(rows);
  for (let at = 1; at < normal.rows; at += 1) normal.set(at, at, normal.get(at, at) + RIDGE);
  return new CholeskyDecomposition(normal).solve(columns.mmul(isOf)).transpose().to2DArray();
}

/** Writes the folder that is registered as an `mlflow_model`: `MLmodel`, `model.json`, and `score.js` that serves it. */
export async function writeClassifier(folder: string, model: ClassifierModel, task: Task): Promise<void> {
  const signature = {
    inputs: JSON.stringify([{ name: task.column, type: "string" }]),
    outputs: JSON.stringify([
      { name: "label", type: "string" },
      { name: "confidence", type: "double" },
    ]),
  };
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [fileURLToPath(task.scorer)],
    outfile: join(folder, "score.js"),
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
  await writeFile(join(folder, "model.json"), JSON.stringify(model));
  await writeFile(
    join(folder, "MLmodel"),
    stringify({ flavors: { node_function: { loader: "score.js" } }, signature }),
  );
}

/** What a model folder was trained on. */
export async function readClassifier(folder: string): Promise<ClassifierModel> {
  return ClassifierModel.parse(JSON.parse(await readFile(join(folder, "model.json"), "utf8")));
}

/** Loads a model folder the way the endpoint does, by the loader that its `MLmodel` names. */
export async function loadClassify(folder: string, task: Task): Promise<Classify> {
  const predict = await loadScorer(folder);
  return async (contents) => Answers.parse(await predict(requestOf(task, contents)));
}

/** What a caller sends, a row per image or text. */
export function requestOf(task: Task, contents: readonly string[]): object {
  const index = contents.map((_, row) => row);
  return { input_data: { columns: [task.column], index, data: contents.map((content) => [content]) } };
}

/** The served function itself, for requests of any shape. */
export async function loadScorer(folder: string): Promise<(request: unknown) => unknown> {
  const { flavors } = ModelFile.parse(parse(await readFile(join(folder, "MLmodel"), "utf8")));
  const { loader } = flavors.node_function;
  const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(folder, loader)).href);
  if (!hasLoad(module)) throw new Error(`${loader} in ${folder} exports no function 'load'.`);
  return module.load(folder);
}

function hasLoad(
  module: unknown,
): module is { load(folder: string): Promise<(request: unknown) => unknown> } {
  return (
    typeof module === "object" && module !== null && "load" in module && typeof module.load === "function"
  );
}
