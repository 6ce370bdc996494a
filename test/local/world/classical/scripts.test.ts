import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { writeModel } from "../../../../local/world/classical/artefact.ts";
import { trainModel } from "../../../../local/world/classical/model.ts";
import { examplesOf, readObservations } from "../../../../local/world/classical/weather.ts";
import { required, wholeNumber } from "../../../../local/world/jobs/command.ts";
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

/** As `train.ts` does it, without a process of its own. */
async function trained(into = model, windowDays = 30): Promise<void> {
  await writeModel(into, trainModel(examplesOf(await readObservations(data)).slice(-windowDays)));
}

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
  expect(await readFile(path.join(model, "MLmodel"), "utf8")).toContain("loader: score.js");
});

test("evaluation compares two models on the same newest days", async () => {
  const { env, metrics } = await startMlflow();
  await trained();
  const warm = path.join(folder, "warm");
  await writeFile(data, csv([...always(10, 40), ...always(14, 30)]));
  await trained(warm, 28);
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

const monitorArgs = (signal: string, ...more: string[]) => {
  const window = ["--window-days", "28", "--minimum-days", "5"];
  const folders = ["--collected", path.join(folder, "collected"), "--data", data, "--model", model];
  return ["--signal", signal, ...folders, ...window, ...more];
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
  await script("monitor", monitorArgs("performance", "--numerical", "RootMeanSquaredError=2"), env);
  // Day 31 is the last that was measured: what was foretold on it cannot be judged yet.
  expect(metrics()).toEqual({
    RootMeanSquaredError: 3,
    "threshold.RootMeanSquaredError": 2,
    sample_size: 11,
  });
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

test("data drift is told per feature, to stdout and to files, by metrics of each type", async () => {
  await writeFile(data, csv(Array.from({ length: 32 }, (_, day) => (day % 2 === 0 ? 8 : 12))));
  await trained();
  const days = Array.from({ length: 10 }, (_, day) => ({ date: dateOf(day + 10), temperature: 14 }));
  await collect(path.join(folder, "collected"), [...days, ...days.map((day) => ({ ...day, station: 2 }))]);
  const chosen = ["--numerical", "NormalizedWassersteinDistance=1.5,TwoSampleKolmogorovSmirnovTest"];
  const output = path.join(folder, "output");
  const told = await script("monitor", monitorArgs("data-drift", ...chosen, "--output", output));
  // 8 and 12 alternate for 30 days: mean 10, sample standard deviation 2 sqrt(30/29); 14 is 4 further on.
  expect(told).toMatchObject({
    rows: 10,
    "NormalizedWassersteinDistance.temp_max": expect.closeTo(1.96638, 5),
    "NormalizedWassersteinDistance.wind": 0,
    "TwoSampleKolmogorovSmirnovTest.wind": 1,
    "JensenShannonDistance.weather": 0,
    breached: ["temp_max", "temp_min", "temp_max_before"].map((of) => `NormalizedWassersteinDistance.${of}`),
  });
  const written = JSON.parse(await readFile(path.join(output, "signals/data-drift.json"), "utf8"));
  expect(written).toMatchObject({
    signalName: "data-drift",
    signalType: "DataDrift",
    version: "1.0.0",
    metrics: { rowCount: { baselineCount: 30, targetCount: 10 } },
  });
});

test("a monitor passes over requests of other callers, lines cut off, and days after its data", async () => {
  await trained();
  const collected = path.join(folder, "collected");
  await collect(collected, [{ date: "2012-03-01", temperature: 40, prediction: 0 }]);
  const file = path.join(collected, "model_inputs/2026/01/01/00/instance-0.jsonl");
  await writeFile(file, '{"correlationid":"smoke-1","data":[{"temp_max":1}]}\n{"correlationid":"2012-01-0', {
    flag: "a",
  });
  const told = await script("monitor", monitorArgs("performance", "--numerical", "MeanAbsoluteError=1"));
  expect(told).toMatchObject({ rows: 0, MeanAbsoluteError: null, breached: [] });
});

test.each([
  {
    what: "a missing argument",
    name: "train" as const,
    args: ["--data", "x.csv"],
    says: "--model is missing",
  },
  {
    what: "a file that is not there",
    name: "train" as const,
    args: ["--data", "nowhere.csv", "--window-days", "10", "--model", "m"],
    says: "nowhere.csv",
  },
  {
    what: "an unknown signal",
    name: "monitor" as const,
    args: ["--signal", "mood"],
    says: "--signal is 'mood', expected data-drift or prediction-drift or data-quality or performance",
  },
])("a script ends with code 1 and names $what", async ({ name, args, says }) => {
  expect(await complaint(name, args)).toContain(says);
});

test("an argument is named with what was found and what was expected", () => {
  expect(() => required("data", "")).toThrow("--data is missing, expected a value");
  for (const value of ["0", "1.5", "ten"])
    expect(() => wholeNumber("days", value)).toThrow(
      `--days is '${value}', expected a whole number of at least 1`,
    );
  expect(wholeNumber("days", "7")).toBe(7);
});

test("too few days to learn from are counted", () => {
  expect(() => trainModel([])).toThrow("There are 0 days to learn from, expected at least 10");
});

test.each([
  { line: "2012-01-01,0,warm,5,2,sun", says: "data.csv:2: temp_max is 'warm', expected a number" },
  { line: "2012-01-01,0,,5,2,sun", says: "data.csv:2: temp_max is '', expected a number" },
  { line: "1.1.2012,0,9,5,2,sun", says: "data.csv:2: date is '1.1.2012', expected one such as 2012-01-31" },
  { line: "2012-01-01,0,9,5,2,", says: "data.csv:2: weather is empty, expected a word such as rain" },
])("a cell that cannot be read is named by line and column: $line", async ({ line, says }) => {
  await writeFile(data, `date,precipitation,temp_max,temp_min,wind,weather\n${line}\n`);
  await expect(readObservations(data)).rejects.toThrow(says);
});

test("a column that is missing is named with those there are", async () => {
  await writeFile(data, "date,temp_max\n2012-01-01,9\n");
  await expect(readObservations(data)).rejects.toThrow(
    "has no column precipitation, temp_min, wind, weather, found: date, temp_max",
  );
});
