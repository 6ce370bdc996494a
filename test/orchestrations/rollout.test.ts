import { describe, expect, test } from "vitest";
import { judgeStep } from "../../orchestrations/rollout/judge.ts";
import { rollout } from "../../orchestrations/rollout/orchestrator.ts";
import { moveTraffic, TrafficSplitError } from "../../orchestrations/rollout/traffic.ts";
import { samplePolicy } from "../policy-sample.ts";
import { play, stepsOf } from "./play.ts";

const input = { operation: "promotion-m-2", model: "m", version: "2", policy: samplePolicy.rollout };
const healthy = { requests: 100, errorRate: 0, p95Ms: 50 };
const serving = { provisioningState: "Succeeded", traffic: { "version-1": 100 } };
const answers = {
  readEndpoint: serving,
  readDeployment: { provisioningState: "Succeeded" },
  readStepTraffic: healthy,
};
const splits = (played: { asked: readonly { step: string; input: unknown }[] }) =>
  played.asked.flatMap(({ step, input: asked }) =>
    step === "setTraffic" ? [(asked as { traffic: Record<string, number> }).traffic] : [],
  );

describe("rollout", () => {
  test("moves the traffic in the policy's steps, and bakes each of them", () => {
    const played = play(rollout, input, { answers });
    expect(splits(played)).toEqual([
      { "version-1": 90, "version-2": 10 },
      { "version-1": 50, "version-2": 50 },
      { "version-1": 0, "version-2": 100 },
    ]);
    expect(played.output).toMatchObject({ outcome: "promoted", because: null, before: { "version-1": 100 } });
    expect(played.elapsedMs).toBe(3 * 10 * 60_000);
  });

  test("gives all traffic to a first deployment at once", () => {
    const nothing = { provisioningState: "Succeeded", traffic: {} };
    const played = play(rollout, input, { answers: { ...answers, readEndpoint: nothing } });
    expect(splits(played)).toEqual([{ "version-2": 100 }]);
  });

  test("returns the traffic first and removes the deployment when errors rise at the second step", () => {
    const readStepTraffic = (_: unknown, turn: number) =>
      turn === 2 ? { ...healthy, errorRate: 0.05 } : healthy;
    const played = play(rollout, input, { answers: { ...answers, readStepTraffic } });
    expect(splits(played).at(-1)).toEqual({ "version-1": 100 });
    expect(stepsOf(played).slice(-3)).toEqual(["setTraffic", "readEndpoint", "deleteDeployment"]);
    expect(played.output).toMatchObject({
      outcome: "rolled-back",
      because: "at 50 % of the traffic, 5.0 % of 100 requests failed, the limit is 1.0 %",
    });
  });

  test("goes back when an operator calls it back in the middle of a bake", () => {
    const eventData = { because: "operator@example.com called it back: it looks odd" };
    const played = play(rollout, input, { answers, events: ["rollback"], eventData });
    expect(played.output).toMatchObject({ outcome: "rolled-back", because: eventData.because });
    expect(play(rollout, input, { answers, events: ["rollback"] }).output.because).toBe("it was called back");
    expect(splits(played)).toEqual([{ "version-1": 90, "version-2": 10 }, { "version-1": 100 }]);
  });

  test("bakes again while too few requests came, and goes back when they never come", () => {
    const played = play(rollout, input, {
      answers: { ...answers, readStepTraffic: { ...healthy, requests: 19 } },
    });
    expect(played.output.because).toBe(
      "at 10 % of the traffic, 19 requests came, at least 20 are needed, after 4 bakes",
    );
    expect(played.elapsedMs).toBe(4 * 10 * 60_000);
  });

  test("goes back when a deployment does not come up, without moving any traffic", () => {
    const readDeployment = { provisioningState: "Failed" };
    const played = play(rollout, input, { answers: { ...answers, readDeployment } });
    expect(played.output.because).toBe("deployment version-2 ended as Failed");
    expect(splits(played)).toEqual([{ "version-1": 100 }]);
  });

  test("goes back when a step fails for good", () => {
    const readStepTraffic = () => new Error("Azure Monitor is away");
    const played = play(rollout, input, { answers: { ...answers, readStepTraffic } });
    expect(played.output.because).toBe("a step failed: Azure Monitor is away");
    expect(splits(played).at(-1)).toEqual({ "version-1": 100 });
  });
});

describe("moveTraffic", () => {
  test.each([
    { before: { a: 100 }, percent: 10, after: { a: 90, b: 10 } },
    { before: { a: 60, c: 40 }, percent: 25, after: { a: 45, c: 30, b: 25 } },
    { before: { a: 67, c: 33 }, percent: 50, after: { a: 34, c: 16, b: 50 } },
    { before: { a: 70, b: 30 }, percent: 100, after: { a: 0, b: 100 } },
    { before: {}, percent: 100, after: { b: 100 } },
  ])("gives b $percent % of $before and the rest to the others", ({ before, percent, after }) => {
    expect(moveTraffic(before, "b", percent)).toEqual(after);
  });

  test("refuses a part when nobody can take the rest", () => {
    expect(() => moveTraffic({ a: 0 }, "b", 10)).toThrow(TrafficSplitError);
  });
});

describe("judgeStep", () => {
  const limits = { p95Ms: 200, errorRate: 0.01, minimumRequests: 20 };
  test.each([
    { at: "one request too few", traffic: { requests: 19, errorRate: 0, p95Ms: 1 }, word: "unclear" },
    { at: "just enough requests", traffic: { requests: 20, errorRate: 0, p95Ms: 1 }, word: "healthy" },
    { at: "the error limit itself", traffic: { requests: 100, errorRate: 0.01, p95Ms: 1 }, word: "healthy" },
    { at: "more errors than that", traffic: { requests: 100, errorRate: 0.011, p95Ms: 1 }, word: "breach" },
    { at: "the latency limit itself", traffic: { requests: 100, errorRate: 0, p95Ms: 200 }, word: "healthy" },
    { at: "more latency than that", traffic: { requests: 100, errorRate: 0, p95Ms: 201 }, word: "breach" },
    { at: "no latency known", traffic: { requests: 100, errorRate: 0, p95Ms: null }, word: "healthy" },
  ])("says $word at $at", ({ traffic, word }) => {
    expect(judgeStep(traffic, limits).word).toBe(word);
  });
});
