import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import {
  foretellPast,
  loadModel,
  readModel,
  writeModel,
} from "../../../../local/world/classical/artefact.ts";
import { growForest } from "../../../../local/world/classical/forest.ts";
import { trainModel } from "../../../../local/world/classical/model.ts";
import { type Example, examplesOf } from "../../../../local/world/classical/weather.ts";
import { Nature } from "../../../../local/world/driver/nature.ts";

const nature = await Nature.load();
const spring = examplesOf(nature.until("2012-04-30")).slice(-60);
const summer = examplesOf(nature.until("2012-08-31")).slice(-30);

async function written(examples: readonly Example[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "model-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeModel(folder, trainModel(examples));
  return folder;
}

/** As an endpoint loads it. */
async function scorer(folder: string): Promise<(request: unknown) => number[]> {
  const { load } = await import(pathToFileURL(path.join(folder, "score.js")).href);
  return load(folder);
}

test("what is served is what the library's own forest answers, from an artefact of some tens of kilobytes", async () => {
  const folder = await written(spring);
  const rows = (days: readonly Example[]) => days.map(({ features }) => features);
  const { predict } = growForest(
    rows(spring),
    spring.map(({ truth }) => truth),
  );
  const answers = await (await loadModel(folder))([...spring, ...summer]);
  const expected = predict(rows([...spring, ...summer]));
  for (const [index, answer] of answers.entries())
    expect(answer).toBeCloseTo(expected[index] ?? Number.NaN, 9);
  expect((await stat(path.join(folder, "model.json"))).size).toBeLessThan(100_000);
});

test("the same days give the same forest", () => {
  expect(trainModel(spring)).toEqual(trainModel(spring));
});

test("a model of spring never foretells more than the warmest day it has learnt", async () => {
  const warmest = Math.max(...spring.map(({ truth }) => truth));
  const answers = await (await loadModel(await written(spring)))(summer);
  expect(Math.max(...answers)).toBeLessThanOrEqual(warmest);
  expect(Math.max(...summer.map(({ truth }) => truth))).toBeGreaterThan(warmest);
});

test("a day that was learnt is judged by what was foretold before it had been", async () => {
  // One hot day among alternating ones: who has learnt it would foretell it, who has not cannot.
  const temperatures = Array.from({ length: 58 }, (_, day): number => (day === 50 ? 30 : 10 + 2 * (day % 2)));
  const days = temperatures.map((truth, day) => ({
    date: new Date(Date.UTC(2012, 0, 1 + day)).toISOString().slice(0, 10),
    features: [day, 0, 0, 0, 0],
    weather: "sun",
    truth,
  }));
  const folder = await written(days);
  const predict = await loadModel(folder);
  const [served = 0] = await predict(days.slice(50, 51));
  const [unseen = 0] = await foretellPast(await readModel(folder), predict, days.slice(50, 51));
  expect(served).toBeGreaterThan(12);
  expect(unseen).toBeLessThanOrEqual(12);
});

test("a request's columns may come in any order, with others beside them; a lack of one is named", async () => {
  const folder = await written(spring);
  const answer = await scorer(folder);
  const [first] = spring;
  const [temp_max, temp_min, precipitation, wind, before] = first?.features ?? [];
  const request = (columns: string[], row: unknown[]) => ({
    input_data: { columns, index: [0], data: [row] },
  });
  const columns = ["temp_max", "temp_min", "precipitation", "wind", "temp_max_before"];
  const asked = answer(request(columns, [temp_max, temp_min, precipitation, wind, before]));
  const shuffled = ["weather", "wind", "temp_max_before", "temp_min", "temp_max", "precipitation"];
  expect(answer(request(shuffled, ["rain", wind, before, temp_min, temp_max, precipitation]))).toEqual(asked);
  expect(() => answer(request(["wind"], [2]))).toThrow("lacks the column temp_max");
  expect(() => answer(request(columns, [1, 2, null, 4, 5]))).toThrow("Row 0 has null as precipitation");
  expect(() => answer({})).toThrow("has no input_data.columns");
});
