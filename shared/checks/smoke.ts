import { quantile } from "simple-statistics";
import type { Verdict } from "./verdict.ts";

export interface SmokeLimits {
  readonly requests: number;
  readonly p95Ms: number;
  /** 0 to 1 */
  readonly errorRate: number;
}

/** One request of a smoke test; status 0 when no answer came. */
export interface Answer {
  readonly status: number;
  readonly durationMs: number;
}

/** Judges a test deployment by how it answered. */
export function judgeSmoke(answers: readonly Answer[], limits: SmokeLimits): Verdict {
  const failed = answers.filter(({ status }) => status < 200 || status >= 300).length;
  const errorRate = answers.length === 0 ? 0 : failed / answers.length;
  const p95Ms =
    answers.length === 0
      ? null
      : quantile(
          answers.map(({ durationMs }) => durationMs),
          0.95,
        );
  const figure = { champion: null, interval: null, tolerance: null };
  const figures = [
    { ...figure, name: "p95 latency", unit: "ms", candidate: p95Ms, limit: limits.p95Ms },
    { ...figure, name: "errors", unit: "%", candidate: errorRate * 100, limit: limits.errorRate * 100 },
  ];
  const verdict = (word: Verdict["verdict"], reason: string): Verdict => ({
    check: "smoke",
    verdict: word,
    reason,
    figures,
    sampleSize: answers.length,
  });
  if (answers.length < limits.requests) {
    return verdict("inconclusive", `${answers.length} requests were sent, ${limits.requests} are needed.`);
  }
  if (errorRate > limits.errorRate) {
    return verdict("failed", `${failed} of ${answers.length} requests failed.`);
  }
  if (p95Ms !== null && p95Ms > limits.p95Ms) {
    return verdict(
      "failed",
      `95 % of requests took up to ${p95Ms.toFixed(0)} ms, the limit is ${limits.p95Ms} ms.`,
    );
  }
  return verdict("passed", `All limits were kept over ${answers.length} requests.`);
}
