import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { until } from "../../../waiting.ts";
import { ask, spawnWorld, startAzure, startWorldOn } from "./azure.ts";

const monitorJobs = async ({ client, at }: Awaited<ReturnType<typeof startAzure>>) => {
  const jobs = await Array.fromAsync(client.jobs.list(...at));
  return jobs
    .map(({ name = "" }) => name)
    .filter((name) => /-(data-drift|prediction-drift|data-quality|performance)-/.test(name));
};

/** What was submitted before that day: its own evening may have been cut off by the kill, and is then made whole. */
const before = (date: string, jobs: readonly string[]) =>
  jobs.filter((job) => job.slice(-date.length) < date).sort();

const dayAfter = (date: string) => new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);

test("trains and registers version 1, then stands still at the start date until an endpoint serves", async () => {
  const azure = await startAzure();
  const world = await startWorldOn(azure, 0.001);
  await until(async () => (await ask(world)).isPrepared);
  const model = await azure.client.modelVersions.get(...azure.at, "weather-max", "1");
  expect(model.properties.modelUri).toBe("azureml://jobs/weather-max-first-training/outputs/model/paths/");
  expect(azure.events.map(({ eventType }) => eventType)).toContain(
    "Microsoft.MachineLearningServices.ModelRegistered",
  );
  const state = await until(async () => {
    const told = await ask(world);
    return String(told.status).includes("waits until") ? told : null;
  });
  expect(state).toMatchObject({ date: "2012-05-31", status: "waits until endpoint weather-max serves" });
  expect(await monitorJobs(azure)).toEqual([]);
});

test("lets days pass once an endpoint serves; its four monitors report the summer, and nothing before it", async () => {
  const azure = await startAzure();
  const preparing = await startWorldOn(azure);
  await until(async () => (await ask(preparing)).isPrepared);
  await preparing.stop();
  // Spring and early summer are skipped: what the monitors make of them is in seasons.test.ts.
  await writeFile(
    path.join(azure.options.data, "world.json"),
    JSON.stringify({ date: "2012-07-26", isPrepared: true, monitoredOn: "2012-07-26" }),
  );
  const world = await startWorldOn(azure);
  await azure.serve("1");
  await ask(world, { advanceDays: 15 });
  await until(async () => (await ask(world)).date === "2012-08-10");
  await ask(world, { paused: true });

  const jobs = (await monitorJobs(azure)).sort();
  expect(jobs.filter((job) => job.endsWith("2012-08-09"))).toEqual([
    "weather-max-data-drift-2012-08-09",
    "weather-max-data-quality-2012-08-09",
    "weather-max-performance-2012-08-09",
    "weather-max-prediction-drift-2012-08-09",
  ]);
  // The ninth week: these two look each second week.
  expect(jobs.filter((job) => job.endsWith("2012-08-02"))).toEqual([
    "weather-max-data-drift-2012-08-02",
    "weather-max-performance-2012-08-02",
  ]);
  expect(jobs).toHaveLength(6);
  const tagsOf = async (job: string) =>
    until(async () => {
      const { properties } = await azure.client.jobs.get(...azure.at, job);
      expect(properties.status).not.toBe("Failed");
      return properties.status === "Completed" ? (properties.tags ?? {}) : null;
    });
  const breached: string[] = [];
  for (const job of jobs) {
    const tags = await tagsOf(job);
    if (tags.azureml_modelmonitor_threshold_breached) breached.push(job);
    expect(tags).toMatchObject({ "azureml.modelName": "weather-max", "azureml.deployment_name": "v1-blue" });
  }
  expect(breached).toContain("weather-max-data-drift-2012-08-09");
  expect(breached).toContain("weather-max-performance-2012-08-09");
  // A week was served then: too little to tell anything.
  expect(breached.filter((job) => job.endsWith("2012-08-02"))).toEqual([]);
  expect(azure.scored.length).toBeGreaterThanOrEqual(150);
  const versions = await Array.fromAsync(azure.client.dataVersions.list(...azure.at, "weather-observations"));
  expect(versions.map(({ name }) => name).sort()).toEqual(["2012-05-31", "2012-08-02", "2012-08-09"]);
}, 150_000);

test("goes on from the same day after kill -9, and submits nothing twice", async () => {
  const azure = await startAzure();
  const file = path.join(azure.options.data, "world.json");
  const kept = async () => JSON.parse(await readFile(file, "utf8").catch(() => "{}"));
  const first = spawnWorld(azure, 0.01);
  await until(async () => (await kept()).isPrepared);
  await azure.serve("1");
  await until(async () => (await kept()).date > "2012-06-08");
  await first.kill();
  const { date } = await kept();
  const jobs = await monitorJobs(azure);
  expect(jobs).toContain("weather-max-performance-2012-06-07");

  const second = await startWorldOn(azure);
  expect(await ask(second)).toMatchObject({ date, isPrepared: true });
  await ask(second, { advanceDays: 1 });
  await until(async () => (await kept()).date > date);
  expect((await kept()).date).toBe(dayAfter(date));
  expect(before(date, await monitorJobs(azure))).toEqual(before(date, jobs));
});

test("asks for the same day while it is paused, so that an endpoint is never without traffic", async () => {
  const azure = await startAzure();
  const world = await startWorldOn(azure, 0.02);
  await until(async () => (await ask(world)).isPrepared);
  await ask(world, { paused: true });
  await azure.serve("1");
  await until(() => azure.scored.length > 25);
  expect(await ask(world)).toMatchObject({ date: "2012-05-31", paused: true });
});

test("says what it expects when it is told something else", async () => {
  const azure = await startAzure();
  const world = await startWorldOn(azure);
  const answer = await ask(world, { secondsPerDay: 0 });
  expect(answer.httpStatus).toBe(400);
  expect(JSON.stringify(answer)).toContain("secondsPerDay");
  expect((await ask(world, { speed: 3 })).httpStatus).toBe(400);
});
