import { appendFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { bindCommand } from "./command-binding.ts";
import { type Context, workspaceOf } from "./context.ts";
import { readDuration } from "./duration.ts";
import { takeFault } from "./faults.ts";
import {
  type CommandProperties,
  isAsset,
  isOnMachines,
  isTerminal,
  type JobDefinition,
  type JobInput,
  type JobProperties,
  type JobSecrets,
} from "./job-definition.ts";
import { type JobProcess, startProcess } from "./job-process.ts";
import { holdIfAsked, standStill, watchHeartbeat } from "./job-watch.ts";
import type { OperationError } from "./operations.ts";
import type { Paths } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import type { JobRow, Runs } from "./runs.ts";
import { type Stage, Stages } from "./stages.ts";
import type { Row } from "./store.ts";

type CommandRow = Row<CommandProperties, JobSecrets>;

/** Jobs that run at once; the others wait in the queue, as for a node. */
const NODES = 2;
const MODELS: readonly string[] = ["mlflow_model", "custom_model", "triton_model"];

export interface JobRunnerOptions {
  /** What a job has to wait for before it runs: a compute that is made for it, nodes of its cluster, or nothing. */
  readonly needOf: (job: Resource<JobProperties>) => "compute" | "nodes" | undefined;
  /** Where jobs reach the service now; absent: where their submitter reached it. */
  readonly origin: (() => string | undefined) | undefined;
  /** What jobs find in their environment beside what the service gives every job. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs jobs: each is a shell command of its own, on this machine. */
export class JobRunner {
  readonly #context: Context;
  readonly #runs: Runs;
  readonly #paths: Paths;
  readonly #options: JobRunnerOptions;
  readonly #stages: Stages;
  /** Jobs that wait for nothing but a free node. */
  readonly #queue: string[] = [];
  readonly #processes = new Map<string, JobProcess>();
  readonly #running = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(context: Context, runs: Runs, paths: Paths, options: JobRunnerOptions) {
    this.#context = context;
    this.#runs = runs;
    this.#paths = paths;
    this.#options = options;
    this.#stages = new Stages(
      context,
      runs,
      (job) => this.#stagesOf(job),
      (id) => {
        this.#queue.push(id);
        this.#startNext();
      },
    );
  }

  /** Takes a job that was written as NotStarted; it runs once it has been through its stages and a node is free. */
  submit(id: string): void {
    setImmediate(() => this.#stages.advance(id));
  }

  /** Takes up what was under way when the process ended: on a lost node a job runs again from its start. */
  resume(): void {
    for (const { resource, hidden } of this.#runs.all()) {
      const { status } = resource.properties;
      if (isTerminal(status) || resource.properties.jobType === "Pipeline") continue;
      if (hidden.step && status === "NotStarted") continue;
      if (status === "CancelRequested") this.#runs.move(resource.id, "Canceled");
      else if (status === "Finalizing") this.#runs.move(resource.id, "Completed");
      else {
        if (isOnMachines(status)) this.#runs.move(resource.id, "Queued");
        this.submit(resource.id);
      }
    }
  }

  /** Ends a job's process, if it has one yet; it ends as Canceled. */
  cancel(id: string): void {
    this.#runs.move(id, "CancelRequested");
    const key = id.toLowerCase();
    const process = this.#processes.get(key);
    if (process) process.kill();
    else if (!this.#running.has(key)) {
      this.#stages.cancel(id);
      this.#runs.move(id, "Canceled");
    }
  }

  /** Kills every job's process; the jobs stay as they are and run again at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const process of this.#processes.values()) process.kill();
    await Promise.all(this.#running.values());
  }

  /**
   * @see the descriptions of JobStatus in the official API: Provisioning is for a compute that the service creates, and
   * a job waits in Queued until all nodes that it needs are ready
   */
  #stagesOf({ resource }: JobRow): readonly Stage[] {
    const { jobStartMs, nodesMs, environmentMs } = this.#context.provisioning;
    const need = this.#options.needOf(resource);
    return [
      { status: "Starting", ms: jobStartMs },
      ...(need === "compute" ? [{ status: "Provisioning", ms: nodesMs } as const] : []),
      { status: "Preparing", ms: environmentMs },
      { status: "Queued", ms: need === "nodes" ? nodesMs : 0 },
    ];
  }

  #startNext(): void {
    while (!this.#stopped && this.#running.size < NODES) {
      const id = this.#queue.shift();
      if (id === undefined) return;
      const job = this.#runs.get(id);
      if (!isCommand(job) || isTerminal(job.resource.properties.status)) continue;
      const key = id.toLowerCase();
      const run = this.#run(job)
        .catch((error) => this.#context.log("error", `job ${job.resource.name}: ${String(error)}`))
        .finally(() => {
          this.#processes.delete(key);
          this.#running.delete(key);
          this.#startNext();
        });
      this.#running.set(key, run);
    }
  }

  async #run(row: CommandRow): Promise<void> {
    const { resource: job } = row;
    const fault = takeFault(this.#context.takeFault, "job", faultName(row), "SystemError");
    if (fault) {
      this.#runs.move(job.id, "Running");
      this.#fail(job, fault);
      return;
    }
    let process: JobProcess;
    try {
      process = this.#start(row);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(job, { code: "UserError", message });
      return;
    }
    this.#processes.set(row.key, process);
    const held = holdIfAsked(this.#context, faultName(row), process);
    this.#runs.move(job.id, "Running");
    const ends = [watchHeartbeat(this.#context, this.#runs, job.id, process)];
    if (held) ends.push(standStill(this.#context, this.#runs, job.id, held));
    const limit = job.properties.limits?.timeout;
    let isLate = false;
    if (limit) {
      const late = () => {
        isLate = true;
        process.kill();
      };
      ends.push(this.#context.clock.after(readDuration("limits.timeout", limit), late));
    }
    const code = await process.exit;
    for (const end of ends) end();
    if (this.#stopped) return;
    this.#end(job, code, isLate ? `The job ran longer than its timeout of ${limit}.` : undefined);
  }

  #end(job: Resource<CommandProperties>, code: number | null, late: string | undefined): void {
    if (this.#runs.get(job.id)?.resource.properties.status === "CancelRequested") {
      this.#runs.move(job.id, "Canceled");
      return;
    }
    if (code === 0 && late === undefined) {
      this.#runs.move(job.id, "Finalizing");
      this.#runs.move(job.id, "Completed");
      return;
    }
    const ended = code === null ? "a signal" : `exit code ${code}`;
    this.#fail(job, {
      code: "UserError",
      message: late ?? `The command ended with ${ended}, expected 0.`,
    });
  }

  #fail(job: Resource<CommandProperties>, error: OperationError): void {
    this.#note(job, error.message);
    this.#runs.fail(job.id, error);
  }

  #start(row: CommandRow): JobProcess {
    const { resource: job } = row;
    const workspace = workspaceOf(job.id);
    const logs = join(this.#paths.job(workspace, job.name), "logs");
    mkdirSync(logs, { recursive: true });
    const inputs = mapValues(job.properties.inputs ?? {}, (input, name) =>
      this.#input(workspace, name, input),
    );
    const outputs = mapValues(job.properties.outputs ?? {}, (output, name) => {
      const path = this.#paths.output(workspace, job.name, name, output.uri ?? undefined);
      if (!output.uri) rmSync(path, { recursive: true, force: true });
      mkdirSync(output.jobOutputType === "uri_file" ? dirname(path) : path, { recursive: true });
      return path;
    });
    const code = job.properties.codeId
      ? this.#code(workspace, job.properties.codeId)
      : this.#paths.job(workspace, job.name);
    const command = bindCommand(job.properties.command, { inputs, outputs });
    return startProcess({
      command,
      cwd: code,
      logs,
      environment: { ...this.#environment(row), ...named("INPUT", inputs), ...named("OUTPUT", outputs) },
    });
  }

  #input(workspace: string, name: string, input: JobInput): string {
    if (!isAsset(input)) return input.value;
    const kind = MODELS.includes(input.jobInputType) ? "models" : "data";
    const path = this.#paths.resolve(workspace, input.uri, kind);
    if (!existsSync(path)) throw new Error(`Input '${name}' is '${input.uri}', but nothing lies there.`);
    return path;
  }

  #code(workspace: string, codeId: string): string {
    const path = this.#paths.resolve(workspace, codeId, "codes");
    if (!existsSync(path)) throw new Error(`Code '${codeId}' does not lie on this compute.`);
    return path;
  }

  #environment({ resource: job, hidden }: CommandRow): Record<string, string> {
    const own = Object.entries(job.properties.environmentVariables ?? {}).map(([name, value]) => [
      name,
      value ?? "",
    ]);
    const origin = this.#options.origin?.() ?? hidden.origin;
    return {
      ...this.#options.environment,
      ...Object.fromEntries(own),
      AZUREML_RUN_ID: job.name,
      MLFLOW_RUN_ID: job.name,
      MLFLOW_TRACKING_URI: `${origin}/mlflow/v2.0${workspaceOf(job.id)}`,
      MLFLOW_TRACKING_TOKEN: hidden.token,
    };
  }

  /** What the service itself has to say about a job, among the job's logs. */
  #note(job: Resource<CommandProperties>, message: string): void {
    const folder = join(this.#paths.job(workspaceOf(job.id), job.name), "logs");
    mkdirSync(folder, { recursive: true });
    appendFileSync(
      join(folder, "system.log"),
      `${new Date(this.#context.clock.now()).toISOString()} ${message}\n`,
    );
    this.#context.log("info", `job ${job.name}: ${message}`);
  }
}

/** A step is known by its pipeline's name and its own. */
function faultName({ resource, hidden: { step } }: CommandRow): string {
  return step ? `${step.pipeline}/${step.node}` : resource.name;
}

function isCommand(row: JobRow | undefined): row is CommandRow {
  return row?.resource.properties.jobType === "Command";
}

/** Checks what a submission refers to. @throws {Refusal} 400 naming the input */
export function checkInputs(paths: Paths, workspace: string, properties: JobDefinition): void {
  const check = (field: string, uri: string, kind: "models" | "data" | "codes") => {
    try {
      paths.resolve(workspace, uri, kind);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Refusal(error.status, error.code, `${field}: ${error.message}`, {
        detail: "InvalidReference",
      });
    }
  };
  for (const [name, input] of Object.entries(properties.inputs ?? {})) {
    if (isAsset(input))
      check(`inputs.${name}.uri`, input.uri, MODELS.includes(input.jobInputType) ? "models" : "data");
  }
  if (properties.jobType === "Command" && properties.codeId) check("codeId", properties.codeId, "codes");
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

/** Both spellings are seen in the wild. */
function named(side: "INPUT" | "OUTPUT", values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => [
      [`AZUREML_${side}_${name}`, value],
      [`AZURE_ML_${side}_${name}`, value],
    ]),
  );
}
