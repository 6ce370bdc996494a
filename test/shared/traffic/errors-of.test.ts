import { expect, test } from "vitest";
import { errorOf, NO_PAIRS, pairSums } from "../../../shared/traffic/errors-of.ts";

/** Differences of 1, 2 and 2. */
const sums = pairSums([10, 20, 30], [11, 18, 32]);

test.each([
  { metric: "rmse", value: Math.sqrt(3) },
  { metric: "RootMeanSquaredError", value: Math.sqrt(3) },
  { metric: "mean_squared_error", value: 3 },
  { metric: "mae", value: 5 / 3 },
  { metric: "error_rate", value: 1 },
  { metric: "bleu", value: null },
])("$metric of differences 1, 2 and 2 is $value", ({ metric, value }) => {
  expect(errorOf(metric, sums)).toBe(value);
});

test("the error rate of classes is the share that differs", () => {
  expect(errorOf("error_rate", pairSums(["rain", "sun", "sun", true], ["rain", "rain", "sun", "true"]))).toBe(
    0.25,
  );
});

test("classes have no mean error, and nothing has none either", () => {
  expect(errorOf("rmse", pairSums(["rain"], ["sun"]))).toBeNull();
  expect(errorOf("error_rate", NO_PAIRS)).toBeNull();
});
