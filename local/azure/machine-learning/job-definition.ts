import { z } from "zod";
import { invalid } from "./refusal.ts";

export type JobStatus =
  | "NotStarted"
  | "Preparing"
  | "Queued"
  | "Running"
  | "Finalizing"
  | "CancelRequested"
  | "Completed"
  | "Failed"
  | "Canceled";

const TERMINAL: readonly JobStatus[] = ["Completed", "Failed", "Canceled"];
export const isTerminal = (status: JobStatus): boolean => TERMINAL.includes(status);

const ASSET_TYPES = [
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

/** What a PUT of a job must bring. */
export const JOB_BODY = z.looseObject({
  properties: z.looseObject({
    jobType: z.literal("Command", { error: "expected Command: no other type of job is simulated here" }),
    command: z.string().min(1),
    environmentId: z.string().min(1),
    codeId: text,
    computeId: text,
    displayName: text,
    experimentName: text,
    description: text,
    tags: dictionary,
    properties: dictionary,
    isArchived: z.boolean().nullish(),
    environmentVariables: dictionary,
    inputs: z.record(z.string(), Input).nullish(),
    outputs: z.record(z.string(), Output).nullish(),
    resources: z
      .looseObject({ instanceType: text, instanceCount: z.number().int().min(1).nullish() })
      .nullish(),
    limits: z.looseObject({ jobLimitsType: z.literal("Command"), timeout: text }).nullish(),
  }),
});

export type JobInput = z.infer<typeof Input>;
export type JobDefinition = z.infer<typeof JOB_BODY>["properties"];

export interface JobProperties extends JobDefinition {
  readonly experimentName: string;
  readonly status: JobStatus;
  readonly services: Readonly<Record<string, object>>;
}

/** What a job keeps to itself. */
export interface JobSecrets {
  /** What was submitted, but for what may change later: the same again is the same job. */
  readonly submitted: object;
  /** Scheme and authority at which the submitter reached the service. */
  readonly origin: string;
  /** Lets the job's own process write its metrics. */
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly endedAt?: number;
}

const MUTABLE: readonly string[] = ["tags", "properties", "isArchived", "description", "displayName"];

export function fixedPart(definition: JobDefinition): object {
  return Object.fromEntries(
    Object.entries(definition).filter(([name, value]) => !MUTABLE.includes(name) && value !== null),
  );
}

const BINDING = /\$\{\{\s*(inputs|outputs)\.([A-Za-z0-9_-]+)\s*\}\}/g;

/** Puts the values of inputs and outputs into a command, as they are: quoting is the command's own matter. */
export function bindCommand(
  command: string,
  values: {
    readonly inputs: Readonly<Record<string, string>>;
    readonly outputs: Readonly<Record<string, string>>;
  },
): string {
  return command.replace(BINDING, (_, side: "inputs" | "outputs", name: string) => values[side][name] ?? "");
}

/** @throws {Refusal} 400 when the command binds an input or output that the job does not declare */
export function checkBindings({ command, inputs, outputs }: JobDefinition): void {
  for (const [binding, side, name = ""] of command.matchAll(BINDING)) {
    const declared = Object.keys((side === "inputs" ? inputs : outputs) ?? {});
    if (declared.includes(name)) continue;
    throw invalid(
      `The command binds ${binding}, expected one of the declared ${side}: ${declared.join(", ") || "none"}.`,
    );
  }
}
