import { mean } from "simple-statistics";
import { expect, test } from "vitest";
import { accuracy, classScores, macroScores } from "../../../../local/world/measures/classification.ts";
import { differenceInterval } from "../../../../local/world/measures/difference.ts";
import { MeasureInputError } from "../../../../local/world/measures/input.ts";
import {
  dataTypeErrorRate,
  nullValueRate,
  outOfBoundsRate,
} from "../../../../local/world/measures/quality.ts";
import { errorsOf, mae, mse, rmse } from "../../../../local/world/measures/regression.ts";

test("errors are what was predicted minus what was true, averaged by size, square, and root of squares", () => {
  const errors = errorsOf([13, 6, 5, 7], [10, 10, 5, 7]);
  expect(errors).toEqual([3, -4, 0, 0]);
  expect(mae(errors)).toBe(1.75);
  expect(mse(errors)).toBe(6.25);
  expect(rmse(errors)).toBe(2.5);
});

const predictions = ["a", "a", "a", "b", "b", "c"];
const truths = ["a", "a", "b", "b", "a", "a"];

test("accuracy is the share of right predictions", () => {
  expect(accuracy(predictions, truths)).toBe(0.5);
});

test("a class is scored against all others, and a class that nobody called or is has nothing right", () => {
  // 3 were called a, 4 are, 2 of them rightly.
  expect(classScores(predictions, truths, "a")).toEqual({ precision: 2 / 3, recall: 0.5, f1: 2 / 3.5 });
  expect(classScores(predictions, truths, "c")).toEqual({ precision: 0, recall: 0, f1: 0 });
  expect(classScores(predictions, truths, "d")).toEqual({ precision: 0, recall: 0, f1: 0 });
});

test("macro scores count each class the same", () => {
  // a 2/3 and 1/2, b 1/2 and 1/2, c 0 and 0.
  const scores = macroScores(predictions, truths);
  expect(scores.precision).toBeCloseTo((2 / 3 + 1 / 2) / 3, 12);
  expect(scores.recall).toBeCloseTo(1 / 3, 12);
  expect(scores.f1).toBeCloseTo((4 / 7 + 1 / 2) / 3, 12);
});

test("the rates of data quality count nulls, other types and values out of bounds once each, of all rows", () => {
  const values = [1, "2.5", null, undefined, Number.NaN, "warm", 12, -1];
  expect(nullValueRate(values)).toBe(0.375);
  expect(dataTypeErrorRate(values, "numerical")).toBe(0.125);
  expect(outOfBoundsRate(values, { minimum: 0, maximum: 10 })).toBe(0.25);
  expect(outOfBoundsRate([0, 10, "10"], { minimum: 0, maximum: 10 })).toBe(0);
});

test("a category is out of bounds when the reference has none such, and never of another type", () => {
  const values = ["sun", "hail", null, "rain", 5, "sun"];
  expect(outOfBoundsRate(values, new Set(["sun", "rain"]))).toBe(0.33333);
  expect(dataTypeErrorRate(values, "categorical")).toBe(0);
});

test("the interval of a difference is the same each time, and holds the difference", () => {
  const candidate = [1, -1, 2, 0, 1, -2, 1, 0];
  const champion = [3, -2, 4, 1, 3, -3, 2, 1];
  const { low, high } = differenceInterval(candidate, champion, rmse);
  // rmse: sqrt(12 / 8) - sqrt(53 / 8)
  expect(low).toBeLessThan(-1.349);
  expect(high).toBeGreaterThan(-1.349);
  expect(high).toBeLessThan(0);
  expect(differenceInterval(candidate, champion, rmse)).toEqual({ low, high });
});

test("a difference that is the same in each row has no interval", () => {
  const right = [1, 0, 1, 1];
  const score = (drawn: readonly number[]) => mean([...drawn]);
  expect(differenceInterval(right, right, score)).toEqual({ low: 0, high: 0 });
});

test.each([
  {
    what: "a truth that is missing",
    run: () => errorsOf([1, 2], [1]),
    says: "There are 2 and 1 predictions and truths",
  },
  { what: "a truth that is no number", run: () => errorsOf([1], [Number.NaN]), says: "truths[0] is NaN" },
  { what: "no errors", run: () => rmse([]), says: "errors has 0 values" },
  { what: "no labels", run: () => accuracy([], []), says: "There are 0 and 0 predictions and truths" },
  { what: "no rows", run: () => nullValueRate([]), says: "There is no row" },
  { what: "unequal rows", run: () => differenceInterval([1], [], rmse), says: "1 and 0 rows of candidate" },
])("a score of $what is refused, with words", ({ run, says }) => {
  expect(run).toThrow(MeasureInputError);
  expect(run).toThrow(says);
});
