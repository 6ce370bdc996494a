import { expect, test } from "vitest";
import { retraining } from "../../orchestrations/retraining/orchestrator.ts";
import { samplePolicy } from "../policy-sample.ts";
import { play, stepsOf } from "./play.ts";

const input = {
  model: "m",
  cause: { signal: "s-1", kind: "drift.data", summary: "The inputs of m drifted." },
  policy: samplePolicy,
  policyDigest: "d",
  parent: null,
};
const completed = { status: "Completed", isTerminal: true, isCompleted: true };
const failed = { status: "Failed", isTerminal: true, isCompleted: false };
const running = { status: "Running", isTerminal: false, isCompleted: false };
const answers = {
  readTurn: { isMine: true, holder: null },
  resolveData: { reference: "azureml:observations:7", version: "7" },
  submitJob: { job: "job" },
  readJob: completed,
  registerCandidate: { version: "2" },
  promotion: { outcome: "promoted", sentence: "Version 2 of m serves all traffic of production." },
};

test("trains on the newest data, registers what came of it, and promotes it as its child", () => {
  const played = play(retraining, input, { answers, instanceId: "retraining-m-x" });
  expect(stepsOf(played)).toEqual([
    "beginOperation",
    "readTurn",
    "resolveData",
    "submitJob",
    "readJob",
    "registerCandidate",
    "promotion",
    "endOperation",
  ]);
  expect(played.asked.find(({ step }) => step === "submitJob")?.input).toMatchObject({
    job: "retraining-m-x-train-1",
    properties: {
      jobType: "Command",
      command: "node train.ts",
      inputs: { training_data: { jobInputType: "uri_file", uri: "azureml:observations:7" } },
      outputs: { model: { jobOutputType: "mlflow_model" } },
    },
  });
  expect(played.asked.find(({ step }) => step === "registerCandidate")?.input).toMatchObject({
    modelUri: "azureml://jobs/retraining-m-x-train-1/outputs/model/paths/",
    data: "observations:7",
  });
  expect(played.asked.find(({ step }) => step === "promotion")?.input).toMatchObject({
    version: "2",
    parent: "retraining-m-x",
  });
  expect(played.output.outcome).toBe("promoted");
});

test("looks at the job again at once when its event comes, and after a pause when none does", () => {
  const readJob = (_: unknown, turn: number) => (turn < 3 ? running : completed);
  const woken = play(retraining, input, { answers: { ...answers, readJob }, events: ["job", "job"] });
  expect(woken.elapsedMs).toBe(0);
  const alone = play(retraining, input, { answers: { ...answers, readJob } });
  expect(alone.elapsedMs).toBe(15_000 + 30_000);
});

test("gives a failed training job one more attempt, as a job of its own", () => {
  const readJob = (_: unknown, turn: number) => (turn === 1 ? failed : completed);
  const played = play(retraining, input, { answers: { ...answers, readJob }, instanceId: "r" });
  const jobs = played.asked.flatMap(({ step, input: asked }) =>
    step === "submitJob" ? [(asked as { job: string }).job] : [],
  );
  expect(jobs).toEqual(["r-train-1", "r-train-2"]);
  expect(played.output.outcome).toBe("promoted");
});

test("ends after the second failure, registers nothing, and says where the logs are", () => {
  const played = play(retraining, input, { answers: { ...answers, readJob: failed }, instanceId: "r" });
  expect(played.output).toEqual({
    outcome: "training-failed",
    sentence: "Training of m on observations:7 failed 2 times: its jobs r-train-1 to -2 have the logs.",
  });
  expect(stepsOf(played)).not.toContain("registerCandidate");
});
