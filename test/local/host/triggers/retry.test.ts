import { expect, test } from "vitest";
import type { RetryOptions } from "../../../../local/host/contract.ts";
import { retryDelayMs } from "../../../../local/host/triggers/retry.ts";

const backOff: RetryOptions = {
  strategy: "exponentialBackoff",
  maxRetryCount: 5,
  minimumInterval: { seconds: 2 },
  maximumInterval: { seconds: 10 },
};

test("a fixed delay is the same before each retry", () => {
  const fixed: RetryOptions = { strategy: "fixedDelay", maxRetryCount: 5, delayInterval: { seconds: 3 } };
  expect([1, 2, 3].map((attempt) => retryDelayMs(fixed, attempt, () => 0))).toEqual([3000, 3000, 3000]);
});

test("a back-off begins at the minimum, doubles, and ends at the maximum", () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelayMs(backOff, attempt, () => 0.5))).toEqual([
    2000, 4000, 8000, 10_000,
  ]);
});

test.each([
  { random: 0, expected: 3200 },
  { random: 0.5, expected: 4000 },
])("a back-off of 4 s is spread to $expected ms at random $random", ({ random, expected }) => {
  expect(retryDelayMs(backOff, 2, () => random)).toBeCloseTo(expected, 6);
});
