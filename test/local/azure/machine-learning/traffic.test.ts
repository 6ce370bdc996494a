import { expect, test } from "vitest";
import { TrafficSplitter } from "../../../../local/azure/machine-learning/traffic.ts";

const take = (splitter: TrafficSplitter, count: number, traffic: Record<string, number>) =>
  Array.from({ length: count }, () => splitter.next(traffic));

test("spreads the smaller share evenly among the larger", () => {
  // Worked out by hand: the chosen one loses the total, each gains its share at every step.
  expect(take(new TrafficSplitter(), 5, { a: 60, b: 40 })).toEqual(["a", "b", "a", "b", "a"]);
});

test("gives one in a hundred exactly once in a hundred", () => {
  const taken = take(new TrafficSplitter(), 100, { old: 99, new: 1 });
  expect(taken.filter((name) => name === "new")).toHaveLength(1);
});

test("follows a new split at once, and forgets a deployment that is gone", () => {
  const splitter = new TrafficSplitter();
  take(splitter, 7, { old: 90, new: 10 });
  expect(take(splitter, 3, { old: 0, new: 100 })).toEqual(["new", "new", "new"]);
  expect(take(splitter, 2, { new: 100 })).toEqual(["new", "new"]);
});

test("has nobody to choose when no share is positive", () => {
  expect(new TrafficSplitter().next({})).toBeUndefined();
  expect(new TrafficSplitter().next({ a: 0 })).toBeUndefined();
});
