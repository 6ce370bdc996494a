import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { collect, complaint, csv, dateOf, newFolder, script, startMlflow } from "./scripts.ts";

let folder: string;
let data: string;
let model: string;
const always = (temperature: number, days: number) => Array.from({ length: days }, () => temperature);

beforeEach(async () => {
  folder = await newFolder();
  data = path.join(folder, "data.csv");
  model = path.join(folder, "model");
  await writeFile(data, csv(always(10, 32)));
});

async function trained(): Promise<void> {
  await script("train", ["--data", data, "--window-days", "30", "--model", model]);
}

test("training writes a folder that an endpoint can serve, and answers what followed similar days", async () => {
  await trained();
  expect(await readFile(path.join(model, "MLmodel"), "utf8")).toContain("loader: score.js");
  const { load } = await import(pathToFileURL(path.join(model, "score.js")).href);
  const predict = await load(model);
  const columns = ["wind", "temp_max", "temp_min", "precipitation", "temp_max_before"];
  expect(predict({ input_data: { columns, index: [0], data: [[2, 10, 5, 0, 10]] } })).toEqual([10]);
  expect(() => predict({ input_data: { columns: ["wind"], data: [[2]] } })).toThrow(
    "lacks the column temp_max",
  );
});

test("training learns from the newest days alone and logs its figures", async () => {
  const { env, metrics, calls } = await startMlflow();
  await writeFile(data, csv([...always(30, 40), ...always(10, 12)]));
  const told = await script("train", ["--data", data, "--window-days", "10", "--model", model], env);
  expect(told).toMatchObject({ rows: 10, from: "2012-02-11", to: "2012-02-20" });
  expect(metrics()).toEqual({ rmse: 0, mae: 0, rows: 10 });
  expect(calls[0]).toMatchObject({
    path: "/mlflow/api/2.0/mlflow/runs/log-batch",
    authorization: "Bearer a-token",
    body: { run_id: "run-1" },
  });
});

test("evaluation compares two models on the same newest days", async () => {
  const { env, metrics } = await startMlflow();
  await trained();
  const warm = path.join(folder, "warm");
  await writeFile(data, csv([...always(10, 40), ...always(14, 30)]));
  await script("train", ["--data", data, "--window-days", "28", "--model", warm]);
  const folders = ["--candidate", warm, "--champion", model];
  await script("evaluate", ["--data", data, ...folders, "--days", "20"], env);
  // The old model has seen 10 °C alone, and it was 14 °C each day: 4 °C off, and the new one is right.
  expect(metrics()).toEqual({
    candidate_rmse: 0,
    candidate_mae: 0,
    champion_rmse: 4,
    champion_mae: 4,
    sample_size: 20,
    difference_low: -4,
    difference_high: -4,
  });
});

test("evaluation without a champion logs the candidate's figures alone", async () => {
  await trained();
  const args = ["--data", data, "--candidate", model, "--champion", "", "--days", "20"];
  expect(await script("evaluate", args)).toEqual({ candidate_rmse: 0, candidate_mae: 0, sample_size: 20 });
});

test("a candidate cannot look up the days that it has learnt", async () => {
  // One hot day: who has learnt it would foretell it, who has not cannot.
  const temperatures = Array.from({ length: 60 }, (_, day): number => (day % 2 === 0 ? 10 : 12));
  temperatures[50] = 30;
  await writeFile(data, csv(temperatures));
  await script("train", ["--data", data, "--window-days", "58", "--model", model]);
  const told = await script("evaluate", ["--data", data, "--candidate", model, "--days", "15"]);
  expect(Number(told.candidate_mae)).toBeGreaterThan(1);
});

const monitorArgs = (signal: string, threshold: string) => {
  const window = ["--window-days", "28", "--threshold", threshold, "--minimum-days", "5"];
  return [
    "--signal",
    signal,
    "--collected",
    path.join(folder, "collected"),
    "--data",
    data,
    "--model",
    model,
    ...window,
  ];
};

test("a performance breach is announced by the tag, to the letter, and the run ends well", async () => {
  const { env, metrics, calls } = await startMlflow();
  await trained();
  const days = Array.from({ length: 12 }, (_, day) => ({
    date: dateOf(day + 20),
    temperature: 10,
    prediction: 13,
  }));
  await collect(path.join(folder, "collected"), days);
  await script("monitor", monitorArgs("performance", "2"), env);
  // Day 31 is the last that was measured: what was foretold on it cannot be judged yet.
  expect(metrics()).toEqual({ RootMeanSquaredError: 3, threshold: 2, sample_size: 11 });
  expect(calls.at(-1)).toMatchObject({
    path: "/mlflow/api/2.0/mlflow/runs/set-tag",
    body: {
      run_id: "run-1",
      key: "azureml_modelmonitor_threshold_breached",
      value:
        "The signal 'performance' has failed due to one or more features violating metric thresholds.\n" +
        "The feature names and their corresponding computed metric values violating the threshold are \n" +
        `['{"metric_value":3,"metric_name":"RootMeanSquaredError","threshold_value":2}']\n`,
    },
  });
});

test("data drift is measured per feature, and a day that many stations asked about counts once", async () => {
  await writeFile(data, csv(Array.from({ length: 32 }, (_, day) => (day % 2 === 0 ? 8 : 12))));
  await trained();
  const days = Array.from({ length: 10 }, (_, day) => ({ date: dateOf(day + 10), temperature: 14 }));
  await collect(path.join(folder, "collected"), [...days, ...days.map((day) => ({ ...day, station: 2 }))]);
  const told = await script("monitor", monitorArgs("data-drift", "1.5"));
  // 8 and 12 alternate for 30 days: mean 10, sample standard deviation 2 sqrt(30/29); 14 is 4 further on.
  expect(told).toMatchObject({
    days: 10,
    "NormalizedWassersteinDistance.temp_max": expect.closeTo(1.96638, 5),
    "NormalizedWassersteinDistance.wind": 0,
    breached: ["temp_max", "temp_min", "temp_max_before"],
  });
});

test.each([
  { at: "the threshold itself", threshold: "3", days: 12 },
  { at: "too few days", threshold: "1", days: 5 },
])("a monitor reports no breach at $at", async ({ threshold, days }) => {
  await trained();
  const served = Array.from({ length: days }, (_, day) => ({
    date: dateOf(32 - days + day),
    temperature: 10,
    prediction: 13,
  }));
  await collect(path.join(folder, "collected"), served);
  expect(await script("monitor", monitorArgs("performance", threshold))).toMatchObject({ breached: [] });
});

test("a monitor passes over requests of other callers, lines cut off, and days after its data", async () => {
  await trained();
  const collected = path.join(folder, "collected");
  await collect(collected, [{ date: "2012-03-01", temperature: 40, prediction: 0 }]);
  const file = path.join(collected, "model_inputs/2026/01/01/00/instance-0.jsonl");
  await writeFile(file, '{"correlationid":"smoke-1","data":[{"temp_max":1}]}\n{"correlationid":"2012-01-0', {
    flag: "a",
  });
  expect(await script("monitor", monitorArgs("performance", "1"))).toMatchObject({ days: 0, breached: [] });
});

test.each([
  { what: "a missing argument", run: () => complaint("train", ["--data", data]), says: "--model is missing" },
  {
    what: "a window of no days",
    run: () => complaint("train", ["--data", data, "--window-days", "0", "--model", model]),
    says: "--window-days is '0', expected a whole number of at least 1",
  },
  {
    what: "too few days to learn from",
    run: () => complaint("train", ["--data", data, "--window-days", "3", "--model", model]),
    says: "There are 3 days to learn from, expected at least 7",
  },
  {
    what: "an unknown signal",
    run: () => complaint("monitor", monitorArgs("mood", "1")),
    says: "--signal is 'mood', expected data-drift or performance",
  },
])("a script names $what", async ({ run, says }) => {
  expect(await run()).toContain(says);
});

test("a cell that is no number is named by line and column", async () => {
  await writeFile(data, "date,precipitation,temp_max,temp_min,wind\n2012-01-01,0,warm,5,2\n");
  const said = await complaint("train", ["--data", data, "--window-days", "10", "--model", model]);
  expect(said).toContain("data.csv:2: temp_max is 'warm', expected a number");
});
