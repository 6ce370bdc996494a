import type { OrchestrationContext } from "durable-functions";
import { instanceId } from "../../shared/operations/instance-id.ts";
import { call, callSub, orchestration, type Steps } from "../durable.ts";
import { messageOf, OperationInput, OperationOutcome } from "../operation.ts";
import { promotion } from "../promotion/orchestrator.ts";
import { resolveData } from "../staging-evaluation/activities.ts";
import { jobProperties } from "../steps/job-activities.ts";
import { beginOperation, endOperation, recordStep } from "../steps/record-activities.ts";
import { runJob } from "../steps/run-job.ts";
import { myTurn } from "../steps/turn.ts";
import { registerCandidate } from "./activities.ts";

/** A failing job may have had bad luck with its machine: it gets this many attempts. */
const MOST_ATTEMPTS = 2;

/** Retrains a model on recent production data, and promotes what comes of it. */
export const retraining = orchestration(
  "retraining",
  OperationInput,
  OperationOutcome,
  function* (context, input) {
    const { model, cause, parent, policyDigest } = input;
    const operation = context.df.instanceId;
    yield* call(context, beginOperation, {
      operation,
      kind: "retraining",
      model,
      version: null,
      cause,
      parent,
      policyDigest,
      startedAt: context.df.currentUtcDateTime.toISOString(),
      sentence: `Retraining of ${model} began: ${cause.summary}`,
    });
    if (!(yield* myTurn(context, model))) {
      context.df.continueAsNew(input);
      return { outcome: "waiting", sentence: `Retraining of ${model} waits for its turn.` };
    }

    let ended: OperationOutcome;
    try {
      ended = yield* retrain(context, input);
    } catch (error) {
      ended = { outcome: "failed", sentence: `Retraining of ${model} failed: ${messageOf(error)}` };
    }
    context.df.setCustomStatus(ended.sentence);
    const endedAt = context.df.currentUtcDateTime.toISOString();
    yield* call(context, endOperation, { operation, kind: "retraining", model, endedAt, ...ended });
    return ended;
  },
);

function* retrain(context: OrchestrationContext, input: OperationInput): Steps<OperationOutcome> {
  const { model, cause, policy } = input;
  const operation = context.df.instanceId;
  const { dataAsset, modelOutput } = policy.retraining;
  const { reference, version: dataVersion } = yield* call(context, resolveData, { dataAsset });
  const data = `${dataAsset}:${dataVersion}`;

  context.df.setCustomStatus(`${model} is being retrained on ${data}.`);
  const job = yield* train(context, input, reference);
  if (job === null) {
    return {
      outcome: "training-failed",
      sentence: `Training of ${model} on ${data} failed ${MOST_ATTEMPTS} times: its jobs ${operation}-train-1 to -${MOST_ATTEMPTS} have the logs.`,
    };
  }
  const { version } = yield* call(context, registerCandidate, {
    operation,
    model,
    modelUri: `azureml://jobs/${job}/outputs/${modelOutput}/paths/`,
    job,
    data,
    cause: cause.summary,
  });
  yield* call(context, recordStep, {
    operation,
    step: "registered",
    model,
    version,
    summary: `Version ${version} of ${model} was trained on ${data} and registered.`,
    evidence: { job, data },
  });
  context.df.setCustomStatus(`Version ${version} of ${model} was retrained and is being promoted.`);
  const child = { ...input, version, parent: operation };
  return yield* callSub(context, promotion, child, instanceId("promotion", model, version));
}

/** The job that succeeded, or null when all attempts failed. */
function* train(context: OrchestrationContext, input: OperationInput, data: string): Steps<string | null> {
  const operation = context.df.instanceId;
  const { job: template, modelOutput } = input.policy.retraining;
  const tags = { "outerloop.model": input.model, "outerloop.operation": operation };
  const properties = jobProperties(template, { training_data: { file: data } }, [modelOutput], tags);
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const job = `${operation}-train-${attempt}`;
    const { isCompleted } = yield* runJob(context, job, operation, template, properties);
    if (isCompleted) return job;
  }
  return null;
}
