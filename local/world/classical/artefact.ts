import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { COLUMNS, type Day } from "./weather.ts";

/** A leaf is what it foretells; a branch is a column, a value, and where to go on when the cell is less, or when not. */
export type Tree = number | readonly [column: number, value: number, less: Tree, notLess: Tree];
export const Tree: z.ZodType<Tree> = z.lazy(() =>
  z.union([z.number(), z.tuple([z.int().min(0), z.number(), Tree, Tree])]),
);

/** `model.json`: the trees that serve, and the days they learnt, which serving data is held against. */
const WeatherModel = z.object({
  kind: z.literal("forest"),
  columns: z.array(z.string()),
  trees: z.array(Tree).min(1),
  examples: z
    .array(
      z.object({
        date: z.string(),
        features: z.array(z.number()),
        weather: z.string(),
        truth: z.number(),
        /** °C, by a forest that had not learnt this day. */
        foretold: z.number(),
      }),
    )
    .min(1),
});
export type WeatherModel = z.infer<typeof WeatherModel>;

const ModelFile = z.object({
  flavors: z.object({ node_function: z.object({ loader: z.string().min(1) }) }),
});

/** °C for each day's tomorrow. */
export type Predict = (days: readonly Day[]) => Promise<number[]>;

/**
 * What a model foretells for days in the past: where it has learnt a day, what it foretold before it had. A candidate
 * trained on the newest days would otherwise look up the answers.
 */
export async function foretellPast(
  model: WeatherModel,
  predict: Predict,
  days: readonly Day[],
): Promise<number[]> {
  const unseen = new Map(model.examples.map(({ date, foretold }) => [date, foretold]));
  const answers = await predict(days);
  return days.map(({ date }, index) => unseen.get(date) ?? answers[index] ?? Number.NaN);
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
  return async (days) => {
    const data = days.map(({ features }) => features);
    const request = { input_data: { columns: COLUMNS, index: data.map((_, index) => index), data } };
    return z.array(z.number()).parse(await answer(request));
  };
}

function hasLoad(
  module: unknown,
): module is { load(folder: string): Promise<(request: unknown) => unknown> } {
  return (
    typeof module === "object" && module !== null && "load" in module && typeof module.load === "function"
  );
}
