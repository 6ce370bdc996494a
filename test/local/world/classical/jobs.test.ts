import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { writeModel } from "../../../../local/world/classical/artefact.ts";
import { checkModel } from "../../../../local/world/classical/checks.ts";
import { cohortErrors } from "../../../../local/world/classical/cohorts.ts";
import { inspect } from "../../../../local/world/classical/inspect.ts";
import { trainModel } from "../../../../local/world/classical/model.ts";
import { type Example, examplesOf, readObservations } from "../../../../local/world/classical/weather.ts";
import { complaint, csv, newFolder, script, startMlflow } from "./scripts.ts";

const HEADER = "date,precipitation,temp_max,temp_min,wind,weather";

/** 32 days that swing between 8 and 16 °C, and a model of 30 of them. */
async function swinging() {
  const folder = await newFolder();
  const data = path.join(folder, "data.csv");
  const model = path.join(folder, "model");
  await writeFile(data, csv(Array.from({ length: 32 }, (_, day) => 12 + 4 * Math.sin(day / 4))));
  await writeModel(model, trainModel(examplesOf(await readObservations(data)).slice(-30)));
  return { data, model };
}

test("data that is whole is told in figures, to stdout and to MLflow", async () => {
  const { data } = await swinging();
  const { env, metrics } = await startMlflow();
  const told = await script("data-quality", ["--data", data, "--days", "20"], env);
  expect(told).toMatchObject({ rows: 20, missing_days: 0, repeated_days: 0, crossed_days: 0 });
  expect(told).toMatchObject({ "null_value_rate.temp_max": 0, "out_of_bounds_rate.wind": 0 });
  expect(metrics()).toEqual(told);
});

test("every cell is looked at: what is empty, no number, or nowhere on earth is counted and named", () => {
  const rows = ["2012-01-01,0,9,2,1,sun", "2012-01-02,,99,2,1,rain", "2012-01-03,0,warm,2,-1,sun", ""];
  const { metrics, problems } = inspect([HEADER, ...rows].join("\n"), "w.csv", null);
  expect(metrics).toMatchObject({
    rows: 3,
    "null_value_rate.precipitation": 0.33333,
    "data_type_error_rate.temp_max": 0.33333,
    "out_of_bounds_rate.temp_max": 0.33333,
    "out_of_bounds_rate.wind": 0.33333,
    "null_value_rate.temp_min": 0,
  });
  expect(problems).toEqual([
    "w.csv:3: precipitation is '', expected a number from 0 to 2000.",
    "w.csv:3: temp_max is '99', expected a number from -90 to 60.",
    "w.csv:4: temp_max is 'warm', expected a number from -90 to 60.",
    "w.csv:4: wind is '-1', expected a number from 0 to 115.",
  ]);
});

test("days that are missing, there twice, or colder than their night are counted and named", () => {
  const rows = [
    "2012-01-01,0,9,2,1,sun",
    "2012-01-04,0,1,2,1,sun",
    "2012-01-04,0,9,2,1,sun",
    "4.1.,0,9,2,1,sun",
  ];
  const { metrics, problems } = inspect([HEADER, ...rows].join("\n"), "w.csv", null);
  expect(metrics).toMatchObject({ missing_days: 2, repeated_days: 1, crossed_days: 1 });
  expect(problems).toEqual([
    "w.csv:3: temp_min is above temp_max, expected it below.",
    "w.csv:4: date 2012-01-04 is there before, expected each day once.",
    "w.csv:5: date is '4.1.', expected one such as 2012-01-31.",
    "After 2012-01-01 2 days are missing, expected every day up to 2012-01-04.",
  ]);
});

test("data that cannot be learnt from ends the job with code 1, and names the first cell", async () => {
  const folder = await newFolder();
  const data = path.join(folder, "data.csv");
  await writeFile(data, `${HEADER}\n2012-01-01,0,warm,5,2,sun\n2012-01-02,0,hot,5,2,sun\n`);
  const said = await complaint("data-quality", ["--data", data]);
  expect(said).toContain("data.csv:2: temp_max is 'warm', expected a number from -90 to 60. And 1 more.");
});

test("the error of each cohort stands beside that of all days, and the worst is named", () => {
  const day = (date: string, precipitation: number): Example => ({
    date,
    features: [10, 5, precipitation, 2, 10],
    weather: precipitation > 0 ? "rain" : "sun",
    truth: 10,
  });
  const days = [day("2012-02-29", 0), day("2012-03-01", 0), day("2012-11-30", 1), day("2012-12-01", 1)];
  const { metrics, worst } = cohortErrors(days, [3, 3, -5, 5], ["season", "rain"], 2);
  // All: sqrt((9 + 9 + 25 + 25) / 4); winter is February and December: sqrt((9 + 25) / 2) as well.
  expect(metrics).toMatchObject({
    rmse: expect.closeTo(Math.sqrt(17), 9),
    mae: 4,
    sample_size: 4,
    "rmse.season.winter": expect.closeTo(Math.sqrt(17), 9),
    "rmse.season.spring": 3,
    "rmse.season.autumn": 5,
    "rows.season.winter": 2,
    "rmse.rain.dry": 3,
    "rmse.rain.wet": 5,
  });
  // Autumn is as bad, but of one day.
  expect(worst).toEqual({ name: "rain.wet", ratio: expect.closeTo(5 / Math.sqrt(17), 9) });
  expect(cohortErrors(days, [3, 3, -5, 5], ["weather"], 99).worst).toBeNull();
  expect(() => cohortErrors(days, [0, 0, 0, 0], ["mood"], 1)).toThrow(
    "--by names 'mood', expected season or weather or rain",
  );
});

test("a cohort that bears too much of the error ends the job with code 1", async () => {
  const { data, model } = await swinging();
  const { env, metrics } = await startMlflow();
  const args = ["--data", data, "--candidate", model, "--days", "30", "--by", "season"];
  const told = await script("responsible-ai", args, env);
  // January and its last days alone: one cohort, which is all days.
  expect(told).toMatchObject({ sample_size: 30, "rows.season.winter": 30, worst: "season.winter" });
  expect(told.worst_ratio).toBeCloseTo(1, 9);
  expect(metrics()).toMatchObject({ worst_ratio: told.worst_ratio, sample_size: 30 });
  const said = await complaint("responsible-ai", [...args, "--maximum-ratio", "0.9"]);
  expect(said).toContain(
    "Cohort season.winter has 1.00 times the error of all days, expected at most 0.9 times",
  );
});

test("a model that behaves passes every check; the job tells how many", async () => {
  const { model } = await swinging();
  const { env, metrics } = await startMlflow();
  await script("unit-test", ["--model", model], env);
  expect(metrics()).toEqual({ tests_passed: 7, tests_failed: 0 });
});

test("a model that answers at random is caught, each failed check by its name", async () => {
  const { model } = await swinging();
  await writeFile(
    path.join(model, "score.js"),
    "export const load = () => ({ input_data }) => input_data.data.map(() => 40 + Math.random());",
  );
  const failed = (await checkModel(model)).filter(({ problem }) => problem !== null).map(({ name }) => name);
  expect(failed).toContain("it answers the same to the same");
  expect(failed).toContain("it foretells nothing that it has not seen");
  expect(failed).toContain("it refuses a cell that is no number");
  const said = await complaint("unit-test", ["--model", model]);
  expect(said).toContain("it foretells nothing that it has not seen: it answered 40.");
});
