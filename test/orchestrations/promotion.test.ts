import { describe, expect, test } from "vitest";
import { promotion } from "../../orchestrations/promotion/orchestrator.ts";
import { samplePolicy } from "../policy-sample.ts";
import { play, stepsOf } from "./play.ts";

const input = {
  model: "m",
  version: "2",
  cause: { signal: "s-1", kind: "model.registered", summary: "Version 2 of m was registered." },
  policy: samplePolicy,
  policyDigest: "d",
  parent: null,
};
const passed = { passed: true, verdicts: [], data: "observations:3" };
const answers = {
  readTurn: { isMine: true, holder: "operation" },
  readChampion: { version: "1" },
  stagingEvaluation: passed,
  approval: { status: "approved", decisions: [] },
  rollout: { outcome: "promoted", because: null, deployment: "version-2", before: { "version-1": 100 } },
};

describe("promotion", () => {
  test("evaluates, asks, rolls out, records the champion, and removes the old deployment after its warm day", () => {
    const played = play(promotion, input, { answers });
    expect(stepsOf(played)).toEqual([
      "beginOperation",
      "readTurn",
      "readChampion",
      "stagingEvaluation",
      "approval",
      "rollout",
      "recordChampion",
      "deleteDeployment",
      "endOperation",
      "notifyOutcome",
    ]);
    expect(played.output).toEqual({
      outcome: "promoted",
      sentence: "Version 2 of m serves all traffic of production.",
    });
    expect(played.elapsedMs).toBe(24 * 3_600_000);
    expect(played.asked.find(({ step }) => step === "deleteDeployment")?.input).toEqual({
      endpoint: "production",
      deployment: "version-1",
    });
  });

  test("ends at staging, and says which check failed why", () => {
    const verdict = { check: "quality", verdict: "failed", reason: "Too warm.", figures: [], sampleSize: 30 };
    const stagingEvaluation = { ...passed, passed: false, verdicts: [verdict] };
    const played = play(promotion, input, { answers: { ...answers, stagingEvaluation } });
    expect(played.output).toEqual({
      outcome: "failed-checks",
      sentence: "Version 2 of m did not pass staging. quality failed: Too warm.",
    });
    expect(stepsOf(played)).not.toContain("approval");
  });

  test("ends at a rejection, and says by whom and why", () => {
    const word = {
      by: "tester@example.com",
      persona: "model-tester",
      decision: "reject",
      comment: "Not yet.",
    };
    const approval = { status: "rejected", decisions: [{ ...word, at: "2026-03-01T13:00:00.000Z" }] };
    const played = play(promotion, input, { answers: { ...answers, approval } });
    expect(played.output.sentence).toBe(
      "Version 2 of m was not approved: rejected by tester@example.com: Not yet..",
    );
    expect(stepsOf(played)).not.toContain("rollout");
  });

  test("asks nobody where the policy's gate is automatic", () => {
    const policy = { ...samplePolicy, approval: { ...samplePolicy.approval, gate: "automatic" as const } };
    expect(stepsOf(play(promotion, { ...input, policy }, { answers }))).not.toContain("approval");
  });

  test("brings the previous version back when an operator says so while it is warm", () => {
    const played = play(promotion, input, { answers, events: ["rollback"] });
    expect(played.output.outcome).toBe("rolled-back");
    expect(played.asked.filter(({ step }) => step === "setTraffic").map(({ input: asked }) => asked)).toEqual(
      [{ endpoint: "production", traffic: { "version-1": 100 } }],
    );
    expect(played.asked.findLast(({ step }) => step === "recordChampion")?.input).toMatchObject({
      version: "1",
    });
  });

  test("ends as failed, and leaves the model's queue, when a step fails for good", () => {
    const rollout = () => new Error("the endpoint is gone");
    const played = play(promotion, input, { answers: { ...answers, rollout } });
    expect(played.output).toEqual({
      outcome: "failed",
      sentence: "Promotion of version 2 of m failed: the endpoint is gone",
    });
    expect(stepsOf(played)).toContain("endOperation");
  });

  test("waits until the operation before it has ended", () => {
    const readTurn = (_: unknown, turn: number) => ({ isMine: turn === 3, holder: "retraining-m-1" });
    const played = play(promotion, input, { answers: { ...answers, readTurn } });
    expect(played.statuses[0]).toBe("Waits until operation retraining-m-1 of m has ended.");
    expect(played.output.outcome).toBe("promoted");
  });

  test("goes on in a fresh history when the wait is long", () => {
    const readTurn = { isMine: false, holder: "retraining-m-1" };
    const played = play(promotion, input, { answers: { ...answers, readTurn } });
    expect(played.asked.at(-1)).toEqual({ step: "continueAsNew", input });
    expect(stepsOf(played)).not.toContain("stagingEvaluation");
  });

  test("waits out a freeze between the approval and the rollout", () => {
    const freezes = [
      { from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", reason: "month end" },
      { from: "2026-03-02T00:00:00Z", to: "2026-03-02T12:00:00Z", reason: "audit" },
    ];
    const policy = { ...samplePolicy, freezes };
    const played = play(promotion, { ...input, policy }, { answers });
    expect(played.statuses).toContain(
      "Version 2 of m is ready, and waits for the end of the freeze (month end) at 2026-03-02T00:00:00Z.",
    );
    // A day of freeze, then the old deployment's warm day.
    expect(played.elapsedMs).toBe(2 * 24 * 3_600_000);
  });

  test("does not queue behind its own parent", () => {
    const played = play(promotion, { ...input, parent: "retraining-m-1" }, { answers });
    expect(stepsOf(played)).not.toContain("readTurn");
  });
});
