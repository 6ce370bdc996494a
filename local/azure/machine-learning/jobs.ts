import { isDeepStrictEqual } from "node:util";
import type { ServiceAnswer } from "../service.ts";
import type { Assets } from "./assets.ts";
import { checkBindings } from "./command-binding.ts";
import type { Computes } from "./computes.ts";
import type { Context } from "./context.ts";
import { readDuration } from "./duration.ts";
import { checkEnvironment } from "./environments.ts";
import {
  fixedPart,
  isTerminal,
  JOB_BODY,
  type JobDefinition,
  type JobProperties,
  type Step,
} from "./job-definition.ts";
import { checkInputs, type JobRunner } from "./job-runner.ts";
import { checkSize } from "./machines.ts";
import { checkAssetName } from "./names.ts";
import { newJob } from "./new-job.ts";
import type { Operations } from "./operations.ts";
import { page, readView } from "./paging.ts";
import type { Paths } from "./paths.ts";
import type { Pipelines } from "./pipelines.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { JobRow, Runs } from "./runs.ts";

export interface JobParts {
  readonly operations: Operations;
  readonly runs: Runs;
  readonly runner: JobRunner;
  readonly pipelines: Pipelines;
  readonly computes: Computes;
  readonly paths: Paths;
  readonly assets: Assets;
}

/** Where a job is submitted, and how its submitter reached the service. */
export interface Submission {
  readonly workspace: string;
  readonly name: string;
  readonly origin: string;
}

/** Command and pipeline jobs, as Resource Manager shows them. */
export class Jobs {
  readonly #context: Context;
  readonly #parts: JobParts;
  /** Those who wait for a job's end, by its key. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(context: Context, parts: JobParts) {
    this.#context = context;
    this.#parts = parts;
    parts.operations.define("job-cancellation", {
      prepare: (target) => this.#ended(target),
      finish: () => undefined,
      render: () => undefined,
    });
    parts.runs.onEnd(({ key }) => {
      for (const resolve of this.#waiting.get(key) ?? []) resolve();
      this.#waiting.delete(key);
    });
  }

  register(router: Router): void {
    router
      .on("GET", "jobs", (call) => this.#list(call))
      .on("GET", "jobs/*", (call, name: string) => ({
        status: 200,
        body: this.#existing(call, name).resource,
      }))
      .on("PUT", "jobs/*", (call, name: string) => this.#put(call, name))
      .on("DELETE", "jobs/*", (call, name: string) => this.#delete(call, name))
      .on("POST", "jobs/*/cancel", (call, name: string) => this.#cancel(call, name));
  }

  /**
   * Submits a job that is not there yet.
   *
   * @param plan - the steps of a pipeline that is the service's own
   * @throws {Refusal} 400 when it cannot be run
   */
  submit(
    { workspace, name, origin }: Submission,
    given: JobDefinition,
    plan?: readonly Step[],
  ): Resource<JobProperties> {
    const { runs, runner, pipelines } = this.#parts;
    const definition = this.#complete(workspace, given);
    const { job, hidden } = newJob(
      { workspace, name, origin, now: this.#context.clock.now() },
      told(definition),
    );
    this.#check(workspace, definition);
    for (const step of plan ?? []) this.#check(workspace, step.definition);
    if (definition.jobType === "Pipeline" && !plan) {
      // What its steps read from each other is not there yet.
      for (const { node, definition: step } of pipelines.check(job.id, name, definition))
        this.#checkPlace(workspace, step, `jobs.${node}.`);
    }
    this.#context.store.transaction(() => {
      runs.add(job, { ...hidden, submitted: fixedPart(given), ...(plan && { plan }) });
      this.#context.store.count("jobsSubmitted");
    });
    if (definition.jobType === "Pipeline") pipelines.submit(job.id);
    else runner.submit(job.id);
    return job;
  }

  #existing(call: Call, name: string): JobRow {
    const found = this.#parts.runs.get(`${call.workspace}/jobs/${name}`);
    if (!found) throw notFound(`Job '${name}' does not exist in this workspace.`);
    return found;
  }

  #put(call: Call, name: string): ServiceAnswer {
    checkAssetName("job", name);
    const { properties } = readBody(call.request, JOB_BODY);
    const before = this.#parts.runs.get(`${call.workspace}/jobs/${name}`);
    if (before) return this.#update(before, properties);
    const { workspace, request } = call;
    return { status: 201, body: this.submit({ workspace, name, origin: request.origin }, properties) };
  }

  /** A pipeline that names another is that one again, but for what it brings itself. */
  #complete(workspace: string, definition: JobDefinition): JobDefinition {
    if (definition.jobType !== "Pipeline" || !definition.sourceJobId) return definition;
    const name = definition.sourceJobId.slice(definition.sourceJobId.lastIndexOf("/") + 1);
    const source = this.#parts.runs.get(`${workspace}/jobs/${name}`)?.resource.properties;
    if (source?.jobType !== "Pipeline") {
      throw invalid(
        `sourceJobId is '${definition.sourceJobId}', which is no pipeline job of this workspace.`,
      );
    }
    return {
      ...definition,
      jobs: definition.jobs ?? source.jobs,
      inputs: { ...source.inputs, ...definition.inputs },
      outputs: definition.outputs ?? source.outputs,
      settings: definition.settings ?? source.settings,
      computeId: definition.computeId ?? source.computeId,
      experimentName: definition.experimentName ?? source.experimentName,
    };
  }

  #check(workspace: string, definition: JobDefinition): void {
    checkInputs(this.#parts.paths, workspace, definition);
    this.#checkPlace(workspace, definition);
  }

  /**
   * Whether there is what it is to run in and on.
   *
   * @param at - where in what was submitted the definition is
   */
  #checkPlace(workspace: string, definition: JobDefinition, at = ""): void {
    const { computes, assets } = this.#parts;
    if (definition.computeId) computes.check(`${at}computeId`, definition.computeId, workspace);
    if (definition.jobType === "Pipeline") return;
    checkEnvironment(assets, workspace, `${at}environmentId`, definition.environmentId);
    const { instanceType } = definition.resources ?? {};
    if (instanceType && !definition.computeId) checkSize(`${at}resources.instanceType`, instanceType);
    checkBindings(definition);
    if (definition.limits?.timeout) readDuration("limits.timeout", definition.limits.timeout);
  }

  /** The same job again changes nothing; its tags and the like may be new, and those that the run set stay. */
  #update(before: JobRow, definition: JobDefinition): ServiceAnswer {
    const { resource, hidden } = before;
    if (!isDeepStrictEqual(hidden.submitted, fixedPart(definition))) {
      throw conflict(`Job '${resource.name}' already exists with another definition: use a new name.`);
    }
    const { tags, properties, description, displayName, isArchived } = definition;
    const job: Resource<JobProperties> = {
      ...resource,
      properties: {
        ...resource.properties,
        tags: { ...resource.properties.tags, ...tags },
        properties: { ...resource.properties.properties, ...properties },
        ...(description && { description }),
        ...(displayName && { displayName }),
        isArchived: isArchived ?? resource.properties.isArchived ?? false,
      },
    };
    this.#context.store.put(job, hidden);
    return { status: 200, body: job };
  }

  /** Without the steps of pipelines: those are found through MLflow, by their parent's run. */
  #list(call: Call): ServiceAnswer {
    const { query } = call.request;
    const isShown = readView(call);
    const type = query.get("jobType")?.toLowerCase();
    const tag = query.get("tag");
    const scheduleId = query.get("scheduleId")?.split("/").at(-1);
    const listed = this.#parts.runs
      .of(call.workspace)
      .filter(({ hidden }) => hidden.step === undefined)
      .map(({ resource }) => resource)
      .filter(({ properties }) => isShown(properties))
      .filter(({ properties }) => type === undefined || properties.jobType.toLowerCase() === type)
      .filter(({ properties }) => tag === null || Object.hasOwn(properties.tags ?? {}, tag))
      .filter(
        ({ properties }) => !scheduleId || properties.properties?.["azureml.scheduleid"] === scheduleId,
      );
    return page(call, listed.reverse());
  }

  /** 200 when that ends it at once, 202 when its processes must end first. */
  #cancel(call: Call, name: string): ServiceAnswer {
    const { key, resource } = this.#existing(call, name);
    const { status, jobType } = resource.properties;
    if (isTerminal(status)) {
      throw invalid(
        `Job '${name}' is ${status} already, expected one that has not ended.`,
        "JobAlreadyTerminal",
      );
    }
    const { runs, runner, pipelines, operations } = this.#parts;
    if (jobType === "Pipeline") pipelines.cancel(resource.id);
    else runner.cancel(resource.id);
    if (isTerminal(runs.get(key)?.resource.properties.status ?? "Canceled")) return { status: 200 };
    const operation = operations.start("job-cancellation", resource.id, 0);
    return { status: 202, headers: operations.acceptedHeaders(call.request, operation) };
  }

  async #ended(id: string): Promise<undefined> {
    const found = this.#parts.runs.get(id);
    if (!found || isTerminal(found.resource.properties.status)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(found.key, [...(this.#waiting.get(found.key) ?? []), resolve]);
    await promise;
  }

  /** A pipeline goes with its steps. */
  #delete(call: Call, name: string): ServiceAnswer {
    const found = this.#parts.runs.get(`${call.workspace}/jobs/${name}`);
    if (!found) return { status: 204 };
    const { status } = found.resource.properties;
    if (!isTerminal(status)) {
      throw invalid(`Job '${name}' is ${status}, expected one that has ended: cancel it first.`);
    }
    const { runs, pipelines } = this.#parts;
    this.#context.store.transaction(() => {
      for (const { key } of pipelines.steps(found)) runs.remove(key);
      runs.remove(found.key);
    });
    return { status: 200 };
  }
}

/** What the service writes into a pipeline's own properties. */
function told(definition: JobDefinition): JobDefinition {
  if (definition.jobType !== "Pipeline") return definition;
  const properties = { "azureml.runsource": "azureml.PipelineRun", ...definition.properties };
  return { ...definition, properties };
}
