import { expect, test } from "vitest";
import { stagingEvaluation } from "../../orchestrations/staging-evaluation/orchestrator.ts";
import { qualityCheck } from "../../orchestrations/staging-evaluation/quality-check.ts";
import { smokeCheck } from "../../orchestrations/staging-evaluation/smoke-check.ts";
import { samplePolicy } from "../policy-sample.ts";
import { play, stepsOf } from "./play.ts";

const input = { operation: "promotion-m-2", model: "m", version: "2", champion: "1", policy: samplePolicy };
const check = { ...input, data: "azureml:observations:7" };
const completed = { status: "Completed", isTerminal: true, isCompleted: true };
const metrics = {
  candidate_rmse: 2,
  champion_rmse: 4,
  sample_size: 30,
  difference_low: -3,
  difference_high: -1,
};
const good = { status: 200, durationMs: 20 };
const verdict = { check: "quality", verdict: "passed", reason: "", figures: [], sampleSize: 30 };
const serving = { provisioningState: "Succeeded", traffic: {} };

test("passes a candidate when every check does, and names the data", () => {
  const answers = {
    resolveData: { reference: "azureml:observations:7", version: "7" },
    qualityCheck: verdict,
    smokeCheck: { ...verdict, check: "smoke" },
  };
  const { output } = play(stagingEvaluation, input, { answers });
  expect(output).toMatchObject({ passed: true, data: "observations:7" });
  const smokeCheckFailed = {
    ...answers,
    smokeCheck: { ...verdict, check: "smoke", verdict: "inconclusive" },
  };
  expect(play(stagingEvaluation, input, { answers: smokeCheckFailed }).output.passed).toBe(false);
});

test("hands candidate, champion and data to the customer's evaluation job", () => {
  const played = play(qualityCheck, check, {
    answers: { submitJob: { job: "job" }, readJob: completed, readJobMetrics: metrics },
  });
  expect(played.asked[0]?.input).toMatchObject({
    job: "promotion-m-2-evaluate",
    properties: {
      inputs: {
        evaluation_data: { uri: "azureml:observations:7" },
        candidate: { jobInputType: "mlflow_model", uri: "azureml:m:2" },
        champion: { jobInputType: "mlflow_model", uri: "azureml:m:1" },
      },
    },
  });
  expect(played.output.verdict).toBe("passed");
});

test("tells the evaluation job that there is no champion yet", () => {
  const played = play(
    qualityCheck,
    { ...check, champion: null },
    { answers: { submitJob: { job: "job" }, readJob: completed, readJobMetrics: metrics } },
  );
  expect(played.asked[0]?.input).toMatchObject({
    properties: { inputs: { champion: { jobInputType: "literal", value: "" } } },
  });
});

test("is inconclusive when the evaluation job fails or cannot be submitted", () => {
  const failed = { status: "Failed", isTerminal: true, isCompleted: false };
  expect(
    play(qualityCheck, check, { answers: { submitJob: { job: "job" }, readJob: failed } }).output,
  ).toMatchObject({
    verdict: "inconclusive",
    reason: "The evaluation job promotion-m-2-evaluate ended as Failed.",
  });
  expect(play(qualityCheck, check, { answers: { submitJob: new Error("quota") } }).output.reason).toBe(
    "The evaluation could not be carried out: quota",
  );
});

test("tries the candidate on the staging endpoint, and removes it afterwards", () => {
  const answers = {
    readEndpoint: serving,
    readDeployment: { provisioningState: "Succeeded" },
    sendSmokeRequests: Array(10).fill(good),
  };
  const played = play(smokeCheck, check, { answers });
  expect(played.output.verdict).toBe("passed");
  expect(stepsOf(played).at(-1)).toBe("deleteDeployment");
});

test.each([
  ["it does not come up", { readDeployment: { provisioningState: "Failed" } }, "failed"],
  ["the requests cannot be sent", { sendSmokeRequests: new Error("no route") }, "inconclusive"],
  [
    "the endpoint is not ready",
    { readEndpoint: { ...serving, provisioningState: "Failed" } },
    "inconclusive",
  ],
])("removes the test deployment even when %s", (_, broken, word) => {
  const answers = { readEndpoint: serving, readDeployment: { provisioningState: "Succeeded" }, ...broken };
  const played = play(smokeCheck, check, { answers });
  expect(stepsOf(played).at(-1)).toBe("deleteDeployment");
  expect(played.output.verdict).toBe(word);
});
