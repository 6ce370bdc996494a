import { expect, test } from "vitest";
import { breachKind, isBreach, isMonitorMetric } from "../../../shared/signals/monitor-metrics.ts";

/** Metrics of Azure ML's monitors: what each is about, and on which side of a limit of 0.5 it is bad. */
const METRICS = [
  ["NormalizedWassersteinDistance", "drift.data", "above"],
  ["WassersteinNormalizedDistance", "drift.data", "above"],
  ["Jensen-Shannon distance", "drift.data", "above"],
  ["population_stability_index", "drift.data", "above"],
  ["TwoSampleKolmogorovSmirnovTest", "drift.data", "below"],
  ["PearsonsChiSquaredTest", "drift.data", "below"],
  ["chi_squared_test", "drift.data", "below"],
  ["NormalizedDiscountedCumulativeGain", "drift.data", "below"],
  ["NullValueRate", "data-quality.violated", "above"],
  ["DataTypeErrorRate", "data-quality.violated", "above"],
  ["OutOfBoundsRate", "data-quality.violated", "above"],
  ["Accuracy", "performance.degraded", "below"],
  ["Precision", "performance.degraded", "below"],
  ["Recall", "performance.degraded", "below"],
  ["MeanAbsoluteError", "performance.degraded", "above"],
  ["MeanSquaredError", "performance.degraded", "above"],
  ["RootMeanSquaredError", "performance.degraded", "above"],
  ["AggregatedCoherencePassRate", "responsible-ai.violated", "below"],
  ["AverageGroundednessScore", "responsible-ai.violated", "below"],
] as const;

test.each(METRICS)("%s is about %s, whatever its monitor is called", (metric, kind) => {
  expect(isMonitorMetric(metric)).toBe(true);
  expect(breachKind(metric, "something about fairness")).toBe(kind);
});

test.each(METRICS)("%s, about %s, is bad %s its limit, and at it", (metric, _, side) => {
  expect(isBreach(metric, 0.6, 0.5)).toBe(side === "above");
  expect(isBreach(metric, 0.4, 0.5)).toBe(side === "below");
  expect(isBreach(metric, 0.5, 0.5)).toBe(true);
});

test("drift is of predictions where the monitor's signal says so, and nothing else is", () => {
  expect(breachKind("PopulationStabilityIndex", "my Prediction drift")).toBe("drift.prediction");
  expect(breachKind("NullValueRate", "my prediction drift")).toBe("data-quality.violated");
});

test("the score that a single answer must reach is a breach as the monitor says", () => {
  expect(breachKind("AcceptableRelevanceScorePerInstance", "x")).toBe("responsible-ai.violated");
  expect(isBreach("AcceptableRelevanceScorePerInstance", 9, 1)).toBe(true);
  expect(isBreach("AcceptableRelevanceScorePerInstance", 1, 9)).toBe(true);
});

test.each([
  ["prediction", "drift.prediction"],
  ["Model Performance", "performance.degraded"],
  ["content safety", "responsible-ai.violated"],
  ["Responsible AI", "responsible-ai.violated"],
  ["fairness", "responsible-ai.violated"],
  ["bias", "responsible-ai.violated"],
  ["input quality", "data-quality.violated"],
  ["inputs", "drift.data"],
] as const)("a metric of one's own is known by its signal's name: %s", (name, kind) => {
  expect(breachKind("my_metric", name)).toBe(kind);
  expect(isMonitorMetric("my_metric")).toBe(false);
  expect(isBreach("my_metric", 0, 1)).toBe(true);
});

test.each(["MyAccuracy", "AggregatedFluencyPassRates", "XAverageFluencyScore", "AverageTasteScore"])(
  "%s is none of the monitor's own",
  (metric) => {
    expect(isMonitorMetric(metric)).toBe(false);
  },
);
