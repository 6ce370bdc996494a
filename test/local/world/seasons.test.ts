import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { loadModel, writeModel } from "../../../local/world/classical/model.ts";
import { Nature } from "../../../local/world/driver/nature.ts";
import { type Week, walkSeasons } from "../../../local/world/seasons.ts";

let weeks: Week[];

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "seasons-"));
  let version = 0;
  weeks = await walkSeasons(
    await Nature.load(),
    async (model) => {
      version += 1;
      await writeModel(path.join(folder, `${version}`), model);
      return loadModel(path.join(folder, `${version}`));
    },
    { weeks: 15, windowDays: 60 },
  );
  return () => rm(folder, { recursive: true, force: true });
});

test("the monitors are quiet until mid-July, when Seattle's summer begins, and then both report it", () => {
  const first = weeks.find(({ breaches }) => breaches.length > 0);
  expect(first?.date).toBe("2012-07-19");
  expect(first?.breaches).toEqual(["temp_min 2.28", "RootMeanSquaredError 5.23"]);
});

test("retraining on the newest sixty days cuts the error of the four weeks that follow by more than a third", () => {
  const retrained = weeks.find((week) => week.retrained);
  expect(retrained?.ahead.stale).toBeCloseTo(8.36, 2);
  expect(retrained?.ahead.champion).toBeCloseTo(5.26, 2);
});

test("from the first retraining to the beginning of September every four weeks ahead are better by a third", () => {
  const summer = weeks.filter(({ date }) => date >= "2012-07-19" && date <= "2012-09-06");
  expect(summer).toHaveLength(8);
  for (const { ahead } of summer) expect(1 - ahead.champion / ahead.stale).toBeGreaterThan(1 / 3);
});
