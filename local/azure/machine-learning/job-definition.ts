import * as z from "zod";

export type JobStatus =
  | "NotStarted"
  | "Starting"
  | "Provisioning"
  | "Preparing"
  | "Queued"
  | "Running"
  | "NotResponding"
  | "Paused"
  | "Unknown"
  | "Finalizing"
  | "CancelRequested"
  | "Completed"
  | "Failed"
  | "Canceled";

const TERMINAL: readonly JobStatus[] = ["Completed", "Failed", "Canceled"];
export const isTerminal = (status: JobStatus): boolean => TERMINAL.includes(status);

/** In which a job holds its machines, whether its process goes on or stands still. */
export const ON_MACHINES: readonly JobStatus[] = ["Running", "NotResponding", "Paused", "Unknown"];
export const isOnMachines = (status: JobStatus): boolean => ON_MACHINES.includes(status);

export const ASSET_TYPES = [
  "uri_file",
  "uri_folder",
  "mltable",
  "custom_model",
  "mlflow_model",
  "triton_model",
] as const;

const text = z.string().nullish();
const dictionary = z.record(z.string(), z.string().nullable()).nullish();

const Input = z.discriminatedUnion("jobInputType", [
  z.looseObject({ jobInputType: z.literal("literal"), value: z.string() }),
  ...ASSET_TYPES.map((type) => z.looseObject({ jobInputType: z.literal(type), uri: z.string(), mode: text })),
]);
const Output = z.looseObject({ jobOutputType: z.enum(ASSET_TYPES), uri: text, mode: text });

/** What a job of any type may have. */
const common = {
  computeId: text,
  displayName: text,
  experimentName: text,
  description: text,
  tags: dictionary,
  properties: dictionary,
  isArchived: z.boolean().nullish(),
  inputs: z.record(z.string(), Input).nullish(),
  outputs: z.record(z.string(), Output).nullish(),
};

const Command = z.looseObject({
  ...common,
  jobType: z.literal("Command"),
  command: z.string().min(1),
  environmentId: z.string().min(1),
  codeId: text,
  environmentVariables: dictionary,
  resources: z
    .looseObject({ instanceType: text, instanceCount: z.number().int().min(1).nullish() })
    .nullish(),
  limits: z.looseObject({ jobLimitsType: z.literal("Command"), timeout: text }).nullish(),
});

const Pipeline = z.looseObject({
  ...common,
  jobType: z.literal("Pipeline"),
  /** What a step holds is not part of the official description: pipeline-plan.ts reads it. */
  jobs: z.record(z.string(), z.unknown()).nullish(),
  settings: z
    .looseObject({ default_compute: text, continue_on_step_failure: z.boolean().nullish() })
    .nullish(),
  sourceJobId: text,
});

export const JOB_DEFINITION = z.discriminatedUnion("jobType", [Command, Pipeline], {
  error: "expected Command or Pipeline: no other type of job is simulated here",
});

/** What a PUT of a job must bring. */
export const JOB_BODY = z.looseObject({ properties: JOB_DEFINITION });

export type JobInput = z.infer<typeof Input>;
export type JobOutput = z.infer<typeof Output>;
export type CommandDefinition = z.infer<typeof Command>;
export type PipelineDefinition = z.infer<typeof Pipeline>;
export type JobDefinition = CommandDefinition | PipelineDefinition;

export interface RunProperties {
  readonly experimentName: string;
  readonly status: JobStatus;
  readonly services: Readonly<Record<string, object>>;
}
export type CommandProperties = CommandDefinition & RunProperties;
export type PipelineProperties = PipelineDefinition & RunProperties;
export type JobProperties = CommandProperties | PipelineProperties;

/** One step of a pipeline: the command job it becomes, and the steps whose outputs it reads. */
export interface Step {
  readonly node: string;
  /** Of its job: it follows from the pipeline's id, so that a step is never made twice. */
  readonly job: string;
  readonly needs: readonly string[];
  readonly definition: CommandDefinition;
}

/** What a job keeps to itself. */
export interface JobSecrets {
  /** What was submitted, but for what may change later: the same again is the same job. */
  readonly submitted: object;
  /** Scheme and authority at which the submitter reached the service. */
  readonly origin: string;
  /** Lets the job's own process write its metrics. */
  readonly token: string;
  /** When it got its status, in milliseconds since the epoch, as are the next two. */
  readonly movedAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Of a pipeline that the service itself has made: its steps. */
  readonly plan?: readonly Step[];
  /** Of a pipeline's step: the pipeline job's name and the step's name in it. */
  readonly step?: { readonly pipeline: string; readonly node: string; readonly needs: readonly string[] };
}

const MUTABLE: readonly string[] = ["tags", "properties", "isArchived", "description", "displayName"];

export function fixedPart(definition: JobDefinition): object {
  return Object.fromEntries(
    Object.entries(definition).filter(([name, value]) => !MUTABLE.includes(name) && value !== null),
  );
}

export function isAsset(input: JobInput): input is Extract<JobInput, { uri: string }> {
  return input.jobInputType !== "literal";
}
