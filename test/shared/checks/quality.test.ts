import { expect, test } from "vitest";
import { judgeQuality } from "../../../shared/checks/quality.ts";

const limits = { metric: "rmse", maximum: 5, tolerance: 0.25, unit: "°C", minimumSample: 20 };
const better = {
  candidate_rmse: 2,
  champion_rmse: 4,
  sample_size: 30,
  difference_low: -3,
  difference_high: -1,
};

test.each([
  ["a clearly better candidate", better, "passed"],
  ["a candidate at the limit itself, without a champion", { candidate_rmse: 5, sample_size: 20 }, "passed"],
  ["a candidate above the limit, without a champion", { candidate_rmse: 5.01, sample_size: 20 }, "failed"],
  [
    "a better candidate that is above the limit all the same",
    { ...better, candidate_rmse: 6, champion_rmse: 9 },
    "failed",
  ],
  ["one row too few", { ...better, sample_size: 19 }, "inconclusive"],
  ["no figure of the candidate", { champion_rmse: 4, sample_size: 30 }, "inconclusive"],
  ["an interval that ends at the tolerance", { ...better, difference_high: 0.25 }, "passed"],
  ["an interval that crosses the tolerance", { ...better, difference_high: 0.26 }, "inconclusive"],
  ["an interval beyond the tolerance", { ...better, difference_low: 0.26, difference_high: 2 }, "failed"],
  [
    "no interval, worse by the tolerance itself",
    { candidate_rmse: 2.5, champion_rmse: 2.25, sample_size: 30 },
    "passed",
  ],
  ["a candidate's figure that is NaN", { ...better, candidate_rmse: null }, "inconclusive"],
  ["a champion's figure that is NaN", { ...better, champion_rmse: null }, "inconclusive"],
  ["an interval that is infinite", { ...better, difference_high: null }, "inconclusive"],
  ["no interval, worse by more", { candidate_rmse: 2.625, champion_rmse: 2.25, sample_size: 30 }, "failed"],
])("judges %s as it should", (_, metrics: Record<string, number | null>, word) => {
  expect(judgeQuality(metrics, limits).verdict).toBe(word);
});

test("gives the figures and the reason with their unit", () => {
  const { reason, figures } = judgeQuality(better, limits);
  expect(reason).toBe("Its rmse is 2.00 °C, the champion's 4.00 °C: no worse than 0.250 °C allows.");
  expect(figures).toEqual([
    {
      name: "rmse",
      unit: "°C",
      candidate: 2,
      champion: 4,
      limit: 5,
      tolerance: 0.25,
      interval: { low: -3, high: -1 },
    },
  ]);
});
