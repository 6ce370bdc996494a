import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ServiceAnswer } from "../service.ts";
import type { Context } from "./context.ts";
import { readDuration } from "./duration.ts";
import {
  checkBindings,
  fixedPart,
  isTerminal,
  JOB_BODY,
  type JobDefinition,
  type JobProperties,
  type JobSecrets,
} from "./job-definition.ts";
import { checkInputs, type JobRunner } from "./job-runner.ts";
import { checkAssetName } from "./names.ts";
import { isListed, page } from "./paging.ts";
import type { Paths } from "./paths.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { JobRow, Runs } from "./runs.ts";

const DEFAULT_EXPERIMENT = "Default";

/** Command jobs, as Resource Manager shows them. */
export class Jobs {
  readonly #context: Context;
  readonly #runs: Runs;
  readonly #runner: JobRunner;
  readonly #paths: Paths;

  constructor(context: Context, runs: Runs, runner: JobRunner, paths: Paths) {
    this.#context = context;
    this.#runs = runs;
    this.#runner = runner;
    this.#paths = paths;
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

  #existing(call: Call, name: string): JobRow {
    const found = this.#runs.get(`${call.workspace}/jobs/${name}`);
    if (!found) throw notFound(`Job '${name}' does not exist in this workspace.`);
    return found;
  }

  #put(call: Call, name: string): ServiceAnswer {
    checkAssetName("job", name);
    const { properties } = readBody(call.request, JOB_BODY);
    const before = this.#runs.get(`${call.workspace}/jobs/${name}`);
    return before ? this.#update(before, properties) : this.#submit(call, name, properties);
  }

  #submit(call: Call, name: string, definition: JobDefinition): ServiceAnswer {
    checkBindings(definition);
    if (definition.limits?.timeout) readDuration("limits.timeout", definition.limits.timeout);
    const { store, clock } = this.#context;
    const job: Resource<JobProperties> = {
      id: `${call.workspace}/jobs/${name}`,
      name,
      type: `${PROVIDER}/workspaces/jobs`,
      properties: withDefaults(call, name, definition),
      systemData: systemData(clock.now()),
    };
    checkInputs(this.#paths, call.workspace, job.properties);
    const hidden: JobSecrets = {
      submitted: fixedPart(definition),
      origin: call.request.origin,
      token: randomBytes(24).toString("base64url"),
    };
    store.transaction(() => {
      store.put(job, hidden);
      store.count("jobsSubmitted");
      this.#runs.announce(job);
    });
    this.#runner.submit(job.id);
    return { status: 201, body: job };
  }

  /** The same job again changes nothing; its tags and the like may be new, and those that the run set stay. */
  #update(before: JobRow, definition: JobDefinition): ServiceAnswer {
    const { resource, hidden } = before;
    if (!isDeepStrictEqual(hidden.submitted, fixedPart(definition))) {
      throw conflict(`Job '${resource.name}' already exists with another definition: use a new name.`);
    }
    const { tags, properties, description, displayName, isArchived } = definition;
    const job = {
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

  #list(call: Call): ServiceAnswer {
    const { query } = call.request;
    const type = query.get("jobType")?.toLowerCase();
    const tag = query.get("tag");
    const listed = this.#context.store
      .list<JobProperties>(`${call.workspace}/jobs`)
      .map(({ resource }) => resource)
      .filter(({ properties }) => isListed(call, properties.isArchived ?? false))
      .filter(({ properties }) => type === undefined || properties.jobType.toLowerCase() === type)
      .filter(({ properties }) => tag === null || Object.hasOwn(properties.tags ?? {}, tag));
    return page(call, listed.reverse());
  }

  #cancel(call: Call, name: string): ServiceAnswer {
    const { resource } = this.#existing(call, name);
    const { status } = resource.properties;
    if (isTerminal(status)) {
      throw invalid(
        `Job '${name}' is ${status} already, expected one that has not ended.`,
        "JobAlreadyTerminal",
      );
    }
    this.#runner.cancel(resource.id);
    return { status: 200 };
  }

  #delete(call: Call, name: string): ServiceAnswer {
    const found = this.#runs.get(`${call.workspace}/jobs/${name}`);
    if (!found) return { status: 204 };
    const { status } = found.resource.properties;
    if (!isTerminal(status)) {
      throw invalid(`Job '${name}' is ${status}, expected one that has ended: cancel it first.`);
    }
    this.#context.store.delete(found.key);
    return { status: 200 };
  }
}

function withDefaults(call: Call, name: string, definition: JobDefinition): JobProperties {
  const given = Object.entries(definition).filter(([, value]) => value !== null);
  const host = call.request.origin.replace(/^https?:\/\//, "");
  return {
    ...definition,
    ...Object.fromEntries(given),
    displayName: definition.displayName ?? name,
    experimentName: definition.experimentName ?? DEFAULT_EXPERIMENT,
    tags: definition.tags ?? {},
    properties: definition.properties ?? {},
    isArchived: definition.isArchived ?? false,
    status: "NotStarted",
    services: {
      Tracking: { jobServiceType: "Tracking", endpoint: `azureml://${host}/mlflow/v1.0${call.workspace}?` },
    },
  };
}
