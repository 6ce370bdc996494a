import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { loadModel, writeModel } from "../../../local/world/classical/artefact.ts";
import { summaryLines, weekLines } from "../../../local/world/classical/play-lines.ts";
import { Nature } from "../../../local/world/driver/nature.ts";
import { type Week, walkSeasons } from "../../../local/world/seasons.ts";

let weeks: Week[];
let turns: Week[];

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "seasons-"));
  let version = 0;
  const walk = walkSeasons(
    await Nature.load(),
    async (model) => {
      version += 1;
      await writeModel(path.join(folder, `${version}`), model);
      return loadModel(path.join(folder, `${version}`));
    },
    { weeks: 13, windowDays: 60 },
  );
  weeks = await Array.fromAsync(walk);
  turns = weeks.filter(({ retrained }) => retrained);
  return () => rm(folder, { recursive: true, force: true });
});

test("the monitors are quiet in June and July, and report drift and error once the summer is there", () => {
  expect(turns.map(({ date }) => date)).toEqual(["2012-08-09"]);
  const [turn] = turns;
  const breached = turn?.said.flatMap(({ signal, breaches }) =>
    breaches.map(({ metric, group, value }) => [signal, metric, group, Number(value?.toFixed(2))]),
  );
  expect(breached).toEqual([
    ["data-drift", "NormalizedWassersteinDistance", "temp_min", 2.76],
    ["performance", "RootMeanSquaredError", undefined, 5.88],
  ]);
});

test("retraining on the newest sixty days cuts the error of the four weeks that follow by more than a third", () => {
  const [turn] = turns;
  expect(turn?.ahead.stale).toBeCloseTo(6.51, 2);
  expect(turn?.ahead.champion).toBeCloseTo(3.96, 2);
});

test("to the end of August every four weeks ahead are better by a third than with the first model", () => {
  const summer = weeks.filter(({ date }) => date >= "2012-08-09" && date <= "2012-08-30");
  expect(summer).toHaveLength(4);
  for (const { ahead } of summer) expect(1 - ahead.champion / ahead.stale).toBeGreaterThan(1 / 3);
});

test("the page of a week tells its days, what each monitor measured and said, within 110 columns", () => {
  const [turn] = turns;
  if (!turn) throw new Error("There was no breach.");
  const lines = weekLines(turn);
  // What the weather was on 4 August 2012 in the data: 33.9 °C, and foretold on the evening before.
  expect(lines[2]).toMatch(/^ {2}2012-08-03 +\d\d\.\d\d +33\.90 +-\d+\.\d\d$/);
  expect(lines.filter((line) => line.startsWith("  2012-08-"))).toHaveLength(7);
  const page = lines.join("\n");
  expect(page).toContain("Wasserstein (limit 2.6): temp_max");
  expect(page).toContain("BREACH: NormalizedWassersteinDistance.temp_min");
  expect(page).toContain("RMSE (limit 5.25): 5.88");
  expect(page).toContain("RETRAINED");
  expect(weeks.flatMap(weekLines).filter((line) => line.length > 110)).toEqual([]);
  expect(summaryLines(turns).at(-1)).toContain("39 % less");
  expect(summaryLines([]).at(-1)).toBe("No monitor reported a breach: nothing was retrained.");
});
