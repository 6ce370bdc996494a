import { expect, test } from "vitest";
import { breachText } from "../../../../local/world/classical/breach.ts";
import { differenceInterval, mae, rmse } from "../../../../local/world/classical/errors.ts";
import { normalizedWassersteinDistance } from "../../../../local/world/classical/wasserstein.ts";

test.each([
  { what: "equal samples", reference: [1, 3], current: [3, 1], distance: 0 },
  { what: "a shift by three standard deviations", reference: [1, 3], current: [4, 6], distance: 3 },
  // A quarter of the mass moves by 4, standard deviation 2: 1 / 2.
  { what: "samples of unequal length", reference: [0, 4], current: [0, 0, 0, 4], distance: 0.5 },
  { what: "a reference that never varies", reference: [5, 5], current: [6, 6], distance: 1000 },
])("the Wasserstein distance of $what is $distance", ({ reference, current, distance }) => {
  expect(normalizedWassersteinDistance(reference, current)).toBeCloseTo(distance, 9);
});

test("errors are averaged by square root of squares, and by size", () => {
  expect(rmse([3, -4, 0, 0])).toBe(2.5);
  expect(mae([3, -4, 0, 0])).toBe(1.75);
});

test("the interval of a difference is the same each time, and holds the difference", () => {
  const candidate = [1, -1, 2, 0, 1, -2, 1, 0];
  const champion = [3, -2, 4, 1, 3, -3, 2, 1];
  const { low, high } = differenceInterval(candidate, champion);
  const difference = rmse(candidate) - rmse(champion);
  expect(low).toBeLessThan(difference);
  expect(high).toBeGreaterThan(difference);
  expect(high).toBeLessThan(0);
  expect(differenceInterval(candidate, champion)).toEqual({ low, high });
});

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
