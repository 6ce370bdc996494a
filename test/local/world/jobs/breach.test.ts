import { expect, test } from "vitest";
import { breachText, isBreached } from "../../../../local/world/jobs/breach.ts";

test("a breach names each feature as an item of a Python list, quotes escaped", () => {
  const breach = { metric: "NormalizedWassersteinDistance", value: 2.5, threshold: 2 };
  expect(
    breachText("data-drift", [
      { ...breach, group: "temp_min" },
      { ...breach, group: "o'clock" },
    ]),
  ).toBe(
    "The signal 'data-drift' has failed due to one or more features violating metric thresholds.\n" +
      "The feature names and their corresponding computed metric values violating the threshold are \n" +
      `['{"metric_value":2.5,"metric_name":"NormalizedWassersteinDistance","threshold_value":2,"group":"temp_min"}', ` +
      `'{"metric_value":2.5,"metric_name":"NormalizedWassersteinDistance","threshold_value":2,"group":"o\\'clock"}']\n`,
  );
});

test.each([
  { metric: "NormalizedWassersteinDistance", value: 0.6, breached: true },
  { metric: "NormalizedWassersteinDistance", value: 0.4, breached: false },
  { metric: "RootMeanSquaredError", value: 0.6, breached: true },
  { metric: "NullValueRate", value: 0.6, breached: true },
  { metric: "TwoSampleKolmogorovSmirnovTest", value: 0.4, breached: true },
  { metric: "TwoSampleKolmogorovSmirnovTest", value: 0.6, breached: false },
  { metric: "PearsonsChiSquaredTest", value: 0.4, breached: true },
  { metric: "Accuracy", value: 0.4, breached: true },
  { metric: "Accuracy", value: 0.6, breached: false },
  { metric: "AggregatedFluencyPassRate", value: 0.4, breached: true },
  { metric: "RootMeanSquaredError", value: Number.NaN, breached: false },
  { metric: "Accuracy", value: Number.NaN, breached: false },
])("$metric of $value against a threshold of 0.5 is a breach: $breached", ({ metric, value, breached }) => {
  expect(isBreached({ metric, value, threshold: 0.5 })).toBe(breached);
});

test.each(["RootMeanSquaredError", "Accuracy"])("%s at the threshold itself is no breach", (metric) => {
  expect(isBreached({ metric, value: 0.5, threshold: 0.5 })).toBe(false);
});
