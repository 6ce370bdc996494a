import type { OrchestrationContext } from "durable-functions";
import { judgeQuality } from "../../shared/checks/quality.ts";
import { Verdict } from "../../shared/checks/verdict.ts";
import { call, orchestration, type Steps } from "../durable.ts";
import { messageOf } from "../operation.ts";
import { type JobInput, jobProperties, readJobMetrics } from "../steps/job-activities.ts";
import { runJob } from "../steps/run-job.ts";
import { CheckInput } from "./types.ts";

/** Compares candidate and champion on recent production data, by the customer's own evaluation job. Never throws. */
export const qualityCheck = orchestration("qualityCheck", CheckInput, Verdict, function* (context, input) {
  try {
    return yield* evaluate(context, input);
  } catch (error) {
    return undecided(`The evaluation could not be carried out: ${messageOf(error)}`);
  }
});

function* evaluate(context: OrchestrationContext, input: CheckInput): Steps<Verdict> {
  const { operation, model, version, champion, data, policy } = input;
  const { evaluation, checks } = policy.staging;
  const job = `${operation}-evaluate`;
  const inputs: Record<string, JobInput> = {
    evaluation_data: { file: data },
    candidate: { model: `azureml:${model}:${version}` },
    champion: champion === null ? { literal: "" } : { model: `azureml:${model}:${champion}` },
  };
  const tags = { "outerloop.model": model, "outerloop.operation": operation };
  const properties = jobProperties(evaluation, inputs, [], tags);
  const { isCompleted, status } = yield* runJob(context, job, operation, evaluation, properties);
  if (!isCompleted) return undecided(`The evaluation job ${job} ended as ${status}.`);
  return judgeQuality(yield* call(context, readJobMetrics, { job }), checks.quality);
}

function undecided(reason: string): Verdict {
  return { check: "quality", verdict: "inconclusive", reason, figures: [], sampleSize: 0 };
}
