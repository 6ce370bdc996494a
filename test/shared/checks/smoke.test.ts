import { expect, test } from "vitest";
import { judgeSmoke } from "../../../shared/checks/smoke.ts";

const limits = { requests: 20, p95Ms: 100, errorRate: 0.05 };
const answers = (count: number, answer: { status?: number; durationMs?: number } = {}) =>
  Array.from({ length: count }, () => ({ status: 200, durationMs: 10, ...answer }));

test.each([
  ["20 good answers", answers(20), "passed"],
  ["one answer too few", answers(19), "inconclusive"],
  ["errors at the limit itself", [...answers(19), ...answers(1, { status: 500 })], "passed"],
  ["more errors than that", [...answers(18), ...answers(2, { status: 0 })], "failed"],
  ["a tail that is slower than the limit", [...answers(18), ...answers(2, { durationMs: 101 })], "failed"],
  ["one slow answer in twenty", [...answers(19), ...answers(1, { durationMs: 110 })], "passed"],
])("judges %s as it should", (_, given, word) => {
  expect(judgeSmoke(given, limits).verdict).toBe(word);
});
