import * as z from "zod";
import type { JobTemplate } from "../../shared/policy/schema.ts";
import { activity } from "../durable.ts";

/** An input of a job: a figure or word, a file of a data asset, or a model. */
export type JobInput = { readonly literal: string } | { readonly file: string } | { readonly model: string };

/** `properties` of the job as Azure ML takes them. */
export function jobProperties(
  template: JobTemplate,
  inputs: Readonly<Record<string, JobInput>>,
  outputs: readonly string[],
  tags: Readonly<Record<string, string>>,
): Record<string, z.core.util.JSONType> {
  const literals = Object.entries(template.inputs).map(([name, literal]) => [name, { literal }] as const);
  return {
    jobType: "Command",
    experimentName: template.experiment,
    displayName: template.experiment,
    command: template.command,
    environmentId: template.environmentId,
    ...(template.codeId === undefined ? {} : { codeId: template.codeId }),
    ...(template.computeId === undefined ? {} : { computeId: template.computeId }),
    inputs: Object.fromEntries(
      [...literals, ...Object.entries(inputs)].map(([name, input]) => [name, toJobInput(input)]),
    ),
    outputs: Object.fromEntries(
      outputs.map((name) => [name, { jobOutputType: "mlflow_model", mode: "ReadWriteMount" }]),
    ),
    limits: { jobLimitsType: "Command", timeout: template.timeout },
    tags: { ...tags },
  };
}

function toJobInput(input: JobInput) {
  if ("literal" in input) return { jobInputType: "literal", value: input.literal };
  if ("file" in input) return { jobInputType: "uri_file", uri: input.file, mode: "ReadOnlyMount" };
  return { jobInputType: "mlflow_model", uri: input.model, mode: "ReadOnlyMount" };
}

/** Safe to repeat: the job's id follows from the operation, and a stored outcome is not repeated. */
export const submitJob = activity(
  "submitJob",
  z.object({
    operation: z.string(),
    /** The instance that waits: the job's events are raised there. */
    waiter: z.string(),
    job: z.string(),
    properties: z.record(z.string(), z.json()),
  }),
  z.object({ job: z.string() }),
  ({ job }) => `Submit job ${job}`,
  async ({ operation, waiter, job, properties }, { effects, operations, machineLearning }) => {
    await operations.ownJob(job, waiter);
    return effects.once({ operation, step: `job:${job}` }, async () => {
      await machineLearning.submitJob(job, properties);
      return { job };
    });
  },
);

/** Reading changes nothing. A job that is not there is an error: it was submitted before. */
export const readJob = activity(
  "readJob",
  z.object({ job: z.string() }),
  z.object({ status: z.string(), isTerminal: z.boolean(), isCompleted: z.boolean() }),
  ({ job }) => `Look at job ${job}`,
  async ({ job }, { machineLearning }) => {
    const state = await machineLearning.getJob(job);
    return state ?? { status: "Missing", isTerminal: true, isCompleted: false };
  },
);

/** Reading changes nothing. */
export const readJobMetrics = activity(
  "readJobMetrics",
  z.object({ job: z.string() }),
  z.record(z.string(), z.number().nullable()),
  ({ job }) => `Read the metrics of job ${job}`,
  ({ job }, { jobMetrics }) => jobMetrics.of(job),
);
