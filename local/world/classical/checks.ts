import assert from "node:assert/strict";
import { loadModel, type Predict, readModel, type WeatherModel } from "./artefact.ts";
import { COLUMNS, type Day } from "./weather.ts";

/** One check of a model and, if it failed, what it said. */
export interface CheckResult {
  readonly name: string;
  readonly problem: string | null;
}

type Check = (model: WeatherModel, predict: Predict) => Promise<void> | void;

const dayOf = (...features: number[]): Day => ({ date: "2012-06-01", features, weather: "sun" });
const cold = dayOf(2, -3, 0, 3, 2);
const warm = dayOf(30, 17, 0, 3, 30);

/** What an endpoint and its users rely on, whatever was learnt. */
const CHECKS: Readonly<Record<string, Check>> = {
  "it reads the columns that requests carry": ({ columns }) => assert.deepEqual(columns, [...COLUMNS]),
  "it answers a finite number for every row": async (_, predict) => {
    const answers = await predict([cold, warm, cold]);
    assert.equal(answers.length, 3);
    assert.ok(answers.every(Number.isFinite), `it answered ${answers.join(", ")}`);
  },
  "it answers the same to the same": async (_, predict) => {
    assert.deepEqual(await predict([warm, cold]), await predict([warm, cold]));
  },
  "a row's answer does not hang on the rows beside it": async (_, predict) => {
    const [alone] = await predict([cold]);
    const [, beside] = await predict([warm, cold]);
    assert.equal(beside, alone);
  },
  "after a warm day it foretells no less than after a cold one": async (_, predict) => {
    const [afterCold = Number.NaN, afterWarm = Number.NaN] = await predict([cold, warm]);
    assert.ok(afterWarm >= afterCold, `${afterWarm} °C after 30 °C, and ${afterCold} °C after 2 °C`);
  },
  "it foretells nothing that it has not seen": async ({ examples }, predict) => {
    const truths = examples.map(({ truth }) => truth);
    for (const answer of await predict([cold, warm]))
      assert.ok(answer >= Math.min(...truths) && answer <= Math.max(...truths), `it answered ${answer}`);
  },
  "it refuses a cell that is no number": async (_, predict) => {
    await assert.rejects(async () => predict([dayOf(Number.NaN, 0, 0, 0, 0)]), /expected a number/);
  },
};

/** Runs every check against a model folder, loaded as an endpoint loads it. */
export async function checkModel(folder: string): Promise<CheckResult[]> {
  const model = await readModel(folder);
  const predict = await loadModel(folder);
  const results: CheckResult[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      await check(model, predict);
      results.push({ name, problem: null });
    } catch (error) {
      results.push({ name, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return results;
}
