import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { mean, standardDeviation } from "simple-statistics";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { COLUMNS, type Example, WeatherDataError } from "./weather.ts";

/**
 * How many of the most similar days are averaged. From 5 to 15 the error on the year hardly changes; fewer are noisy,
 * more blur a window of two months.
 */
const NEIGHBOURS = 7;
/** A column that never changes tells days apart by nothing: its deviation must not be divided by. */
const LEAST_DEVIATION = 1e-6;

/** `model.json`: the days it learnt from are the model, and the reference that serving data is held against. */
const WeatherModel = z.object({
  kind: z.literal("analogues"),
  columns: z.array(z.string()),
  neighbours: z.int().min(1),
  /** Standard deviation per column. */
  scale: z.array(z.number().positive()),
  /** Mean per column: for people. */
  mean: z.array(z.number()),
  examples: z.array(z.object({ date: z.string(), features: z.array(z.number()), truth: z.number() })).min(1),
});
export type WeatherModel = z.infer<typeof WeatherModel>;

const ModelFile = z.object({
  flavors: z.object({ node_function: z.object({ loader: z.string().min(1) }) }),
});

/** Keep what was learnt from days this near out of a prediction: neighbouring days share their weather. */
export interface LeaveOut {
  readonly days: number;
}

/** °C for each example's next day. */
export type Predict = (examples: readonly Example[], leaveOut?: LeaveOut) => Promise<number[]>;

/**
 * Analogue forecasting: tomorrow will be as it was after the days most like today.
 *
 * It averages what it has seen and therefore never foretells a heat it has not seen: a model of winter and spring
 * goes wrong in summer, as a tree or a forest would.
 *
 * @see Lorenz 1969, "Atmospheric predictability as revealed by naturally occurring analogues"
 * @throws {WeatherDataError} when there are fewer examples than are averaged
 */
export function trainModel(examples: readonly Example[]): WeatherModel {
  if (examples.length < NEIGHBOURS) {
    throw new WeatherDataError(
      `There are ${examples.length} days to learn from, expected at least ${NEIGHBOURS}.`,
    );
  }
  const columns = COLUMNS.map((_, column) => examples.map(({ features }) => features[column] ?? Number.NaN));
  return {
    kind: "analogues",
    columns: [...COLUMNS],
    neighbours: NEIGHBOURS,
    scale: columns.map((values) => Math.max(standardDeviation(values), LEAST_DEVIATION)),
    mean: columns.map((values) => mean(values)),
    examples: examples.map(({ date, features, truth }) => ({ date, features: [...features], truth })),
  };
}

/** Writes the folder that is registered as an `mlflow_model`: `MLmodel`, `model.json`, and `score.js` that serves it. */
export async function writeModel(folder: string, model: WeatherModel): Promise<void> {
  const tensor = (name: string) => ({ name, type: "double" });
  const signature = {
    inputs: JSON.stringify(model.columns.map(tensor)),
    outputs: JSON.stringify([tensor("temp_max_next")]),
  };
  const flavors = { node_function: { loader: "score.js" } };
  await mkdir(folder, { recursive: true });
  await copyFile(new URL("score.js", import.meta.url), join(folder, "score.js"));
  await writeFile(join(folder, "model.json"), JSON.stringify(model));
  await writeFile(join(folder, "MLmodel"), stringify({ flavors, signature }));
}

/** What a model folder was trained on. */
export async function readModel(folder: string): Promise<WeatherModel> {
  return WeatherModel.parse(JSON.parse(await readFile(join(folder, "model.json"), "utf8")));
}

/** Loads a model folder the way the endpoint does, by the loader that its `MLmodel` names. */
export async function loadModel(folder: string): Promise<Predict> {
  const { flavors } = ModelFile.parse(parse(await readFile(join(folder, "MLmodel"), "utf8")));
  const module: unknown = await import(
    /* @vite-ignore */ pathToFileURL(join(folder, flavors.node_function.loader)).href
  );
  if (!hasLoad(module))
    throw new Error(`${flavors.node_function.loader} in ${folder} exports no function 'load'.`);
  const answer = await module.load(folder);
  return async (examples, leaveOut) => {
    const data = examples.map(({ features }) => features);
    const request = { input_data: { columns: COLUMNS, index: data.map((_, index) => index), data } };
    const params = { dates: examples.map(({ date }) => date), leave_out_days: leaveOut?.days ?? 0 };
    return z.array(z.number()).parse(await answer({ ...request, params }));
  };
}

function hasLoad(
  module: unknown,
): module is { load(folder: string): Promise<(request: unknown) => unknown> } {
  return (
    typeof module === "object" && module !== null && "load" in module && typeof module.load === "function"
  );
}
