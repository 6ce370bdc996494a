import type { Assets } from "./assets.ts";
import { type Context, workspaceOf } from "./context.ts";
import { takeFault } from "./faults.ts";
import { isTerminal, type JobStatus, type PipelineDefinition, type Step } from "./job-definition.ts";
import type { JobRunner } from "./job-runner.ts";
import { newJob } from "./new-job.ts";
import { planPipeline } from "./pipeline-plan.ts";
import type { JobRow, Runs } from "./runs.ts";
import { Stages } from "./stages.ts";

export interface PipelineParts {
  readonly runs: Runs;
  readonly runner: JobRunner;
  readonly assets: Assets;
}

/**
 * Runs pipelines: each step is a job of its own that starts when all it reads from is Completed. What is to be done next
 * follows from the statuses alone, so a pipeline goes on after a restart as after the end of a step.
 */
export class Pipelines {
  readonly #context: Context;
  readonly #parts: PipelineParts;
  readonly #stages: Stages;
  /** Steps that are with the runner, by their job's key. */
  readonly #submitted = new Set<string>();

  constructor(context: Context, parts: PipelineParts) {
    this.#context = context;
    this.#parts = parts;
    // A pipeline has no machines of its own, so it neither provisions nor queues.
    const path = [
      { status: "Starting", ms: context.provisioning.jobStartMs },
      { status: "Preparing", ms: 0 },
    ] as const;
    this.#stages = new Stages(
      context,
      parts.runs,
      () => path,
      (id) => this.#later(id),
    );
    parts.runs.onEnd(({ resource, hidden }) => {
      if (hidden.step) this.#later(`${workspaceOf(resource.id)}/jobs/${hidden.step.pipeline}`);
    });
  }

  /**
   * The steps that a pipeline will have. One without any is taken, as the official example shows, and is soon through.
   *
   * @throws {Refusal} 400 when they cannot be run
   */
  check(id: string, name: string, definition: PipelineDefinition): readonly Step[] {
    return this.#plan(id, name, definition);
  }

  /** Takes a pipeline that was written as NotStarted. */
  submit(id: string): void {
    setImmediate(() => this.#stages.advance(id));
  }

  /** Takes up what was under way when the process ended; steps that ran are with the runner already. */
  resume(): void {
    for (const { key, resource, hidden } of this.#parts.runs.all()) {
      const { status } = resource.properties;
      if (isTerminal(status)) continue;
      if (hidden.step && status !== "NotStarted") this.#submitted.add(key);
      if (resource.properties.jobType !== "Pipeline") continue;
      if (isBegun(status)) this.#later(resource.id);
      else this.submit(resource.id);
    }
  }

  /** Its steps end as Canceled, and then itself. */
  cancel(id: string): void {
    this.#parts.runs.move(id, "CancelRequested");
    this.#stages.cancel(id);
    this.#advance(id);
  }

  steps({ resource }: JobRow): JobRow[] {
    return this.#parts.runs
      .of(workspaceOf(resource.id))
      .filter(({ hidden }) => hidden.step?.pipeline.toLowerCase() === resource.name.toLowerCase());
  }

  #later(id: string): void {
    setImmediate(() => {
      if (!this.#context.store.isOpen) return;
      try {
        this.#advance(id);
      } catch (error) {
        // What it was checked against at its submission may be gone: a component, a compute.
        const message = error instanceof Error ? error.message : String(error);
        this.#parts.runs.fail(id, { code: "UserError", message });
      }
    });
  }

  #advance(id: string): void {
    const { runs, runner } = this.#parts;
    const pipeline = runs.get(id);
    if (!pipeline || isTerminal(pipeline.resource.properties.status)) return;
    const { status } = pipeline.resource.properties;
    if (status === "Preparing" && !this.#begin(pipeline)) return;
    const steps = this.steps(pipeline);
    const failed = steps.filter(({ resource }) => resource.properties.status === "Failed");
    const isCanceled = status === "CancelRequested";
    const goesOn = settingsOf(pipeline)?.continue_on_step_failure === true;
    for (const step of steps) {
      if (isTerminal(step.resource.properties.status)) continue;
      if (isCanceled || (failed.length > 0 && !goesOn)) runner.cancel(step.resource.id);
      else this.#startOrDrop(step, steps);
    }
    this.#end(id, isCanceled);
  }

  /** Writes the steps. False when the pipeline cannot begin, and has ended. */
  #begin({ resource, hidden }: JobRow): boolean {
    const { runs } = this.#parts;
    const { properties } = resource;
    if (properties.jobType !== "Pipeline") return false;
    const fault = takeFault(this.#context.takeFault, "job", resource.name, "SystemError");
    if (fault) {
      runs.fail(resource.id, fault);
      return false;
    }
    const steps = hidden.plan ?? this.#plan(resource.id, resource.name, properties);
    const workspace = workspaceOf(resource.id);
    this.#context.store.transaction(() => {
      for (const { node, job, needs, definition } of steps) {
        const told = {
          "azureml.runsource": "azureml.StepRun",
          "azureml.nodeid": node,
          "azureml.pipelinerunid": resource.name,
        };
        const step = { pipeline: resource.name, node, needs };
        const row = newJob(
          { workspace, name: job, origin: hidden.origin, now: this.#context.clock.now() },
          { ...definition, experimentName: properties.experimentName, properties: told },
          step,
        );
        runs.add(row.job, row.hidden);
      }
      runs.move(resource.id, "Running");
    });
    return true;
  }

  #startOrDrop(step: JobRow, steps: readonly JobRow[]): void {
    const needed = steps.filter(({ hidden }) => step.hidden.step?.needs.includes(hidden.step?.node ?? ""));
    const statuses = needed.map(({ resource }) => resource.properties.status);
    if (statuses.some((status) => status === "Failed" || status === "Canceled")) {
      this.#parts.runner.cancel(step.resource.id);
      return;
    }
    if (this.#submitted.has(step.key) || !statuses.every((status) => status === "Completed")) return;
    this.#submitted.add(step.key);
    this.#parts.runner.submit(step.resource.id);
  }

  #end(id: string, isCanceled: boolean): void {
    const { runs } = this.#parts;
    const pipeline = runs.get(id);
    if (!pipeline) return;
    const steps = this.steps(pipeline);
    if (!steps.every(({ resource }) => isTerminal(resource.properties.status))) return;
    for (const { key } of steps) this.#submitted.delete(key);
    if (isCanceled) {
      runs.move(id, "Canceled");
      return;
    }
    const failed = steps.find(({ resource }) => resource.properties.status === "Failed");
    if (failed) {
      const why = failed.resource.properties.properties?.["error.message"] ?? "";
      runs.fail(id, {
        code: "UserError",
        message: `Step '${failed.hidden.step?.node}' failed: ${why}`,
      });
      return;
    }
    // A step that was cancelled by itself has left out what the pipeline is for.
    if (steps.some(({ resource }) => resource.properties.status === "Canceled")) {
      runs.move(id, "Canceled");
      return;
    }
    runs.move(id, "Finalizing");
    runs.move(id, "Completed");
  }

  #plan(id: string, name: string, definition: PipelineDefinition): Step[] {
    return planPipeline({ id, name, workspace: workspaceOf(id) }, definition, this.#parts.assets);
  }
}

const isBegun = (status: JobStatus) =>
  status === "Running" || status === "CancelRequested" || status === "Finalizing";

function settingsOf({ resource: { properties } }: JobRow) {
  return properties.jobType === "Pipeline" ? properties.settings : undefined;
}
