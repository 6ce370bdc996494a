import type { ServiceAnswer } from "../service.ts";
import type { BatchEndpoints } from "./batch-endpoints.ts";
import type { BatchScoring } from "./batch-scoring.ts";
import { type Context, workspaceId, workspaceOf } from "./context.ts";
import type { JobDefinition } from "./job-definition.ts";
import type { Jobs } from "./jobs.ts";
import type { Monitors } from "./monitors.ts";
import { checkAssetName } from "./names.ts";
import type { Operations } from "./operations.ts";
import { page } from "./paging.ts";
import { conflict, invalid, notFound } from "./refusal.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import { SCHEDULE_BODY, type ScheduleProperties } from "./schedule-definition.ts";
import type { Row } from "./store.ts";
import { checkTrigger, nextTrigger } from "./triggers.ts";

interface ScheduleSecrets {
  /** How the one who made it reached the service. */
  readonly origin: string;
  /** Milliseconds since the epoch: up to when its moments are dealt with. */
  readonly doneUntil: number;
}
type ScheduleRow = Row<ScheduleProperties, ScheduleSecrets>;

export interface ScheduleParts {
  readonly operations: Operations;
  readonly jobs: Jobs;
  readonly monitors: Monitors;
  readonly batchEndpoints: BatchEndpoints;
  readonly batch: BatchScoring;
}

/** The first version of the API that knows of monitors. */
const MONITOR_SINCE = "2023-10-01";

/** Schedules: each starts a job, a monitor's run or a batch job at its moments, while it is enabled. */
export class Schedules {
  readonly #context: Context;
  readonly #parts: ScheduleParts;
  readonly #timers = new Map<string, () => void>();

  constructor(context: Context, parts: ScheduleParts) {
    this.#context = context;
    this.#parts = parts;
    parts.operations.define("schedule", {
      finish: (target) => {
        this.#setState(target, "Succeeded");
        this.#arm(target);
      },
    });
    parts.operations.define("schedule-deletion", { finish: (target) => context.store.delete(target) });
  }

  register(router: Router): void {
    const one = "schedules/*";
    router
      .on("GET", "schedules", (call) => this.#list(call))
      .on("GET", one, (call, name: string) => ({ status: 200, body: this.#existing(call, name).resource }))
      .on("PUT", one, (call, name: string) => this.#put(call, name))
      .on("DELETE", one, (call, name: string) => this.#delete(call, name));
  }

  /** Waits anew for what was waited for when the process ended; of the moments missed, the last one counts. */
  resume(): void {
    for (const name of this.#context.workspaces()) {
      const schedules = `${workspaceId(this.#context, name)}/schedules`;
      for (const { key } of this.#context.store.list(schedules)) this.#arm(key);
    }
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #existing(call: Call, name: string): ScheduleRow {
    const found = this.#get(`${call.workspace}/schedules/${name}`);
    if (!found) throw notFound(`Schedule '${name}' does not exist in this workspace.`);
    return found;
  }

  #put(call: Call, name: string): ServiceAnswer {
    checkAssetName("schedule", name);
    const { properties } = readBody(call.request, SCHEDULE_BODY);
    checkTrigger(properties.trigger);
    if (properties.action.actionType === "CreateMonitor" && call.apiVersion < MONITOR_SINCE) {
      throw invalid(
        `CreateMonitor is not known at api-version ${call.apiVersion}, expected ${MONITOR_SINCE}.`,
      );
    }
    const { store, clock, provisioning } = this.#context;
    const id = `${call.workspace}/schedules/${name}`;
    const before = this.#get(id);
    if (before) this.#refuseWhenBusy(before);
    const resource: Resource<ScheduleProperties> = {
      id: before?.resource.id ?? id,
      name: before?.resource.name ?? name,
      type: `${PROVIDER}/workspaces/schedules`,
      properties: {
        ...properties,
        displayName: properties.displayName ?? name,
        tags: properties.tags ?? {},
        properties: properties.properties ?? {},
        provisioningState: before ? "Updating" : "Creating",
      },
      systemData: systemData(clock.now(), before?.resource.systemData),
    };
    this.#disarm(id);
    const operation = store.transaction(() => {
      store.put(resource, { origin: call.request.origin, doneUntil: clock.now() });
      return this.#parts.operations.start("schedule", resource.id, provisioning.endpointMs);
    });
    if (before) return { status: 200, body: resource };
    const headers = this.#parts.operations.creationHeaders(call.request, operation);
    return { status: 201, headers, body: resource };
  }

  #delete(call: Call, name: string): ServiceAnswer {
    const { store, provisioning } = this.#context;
    const found = this.#get(`${call.workspace}/schedules/${name}`);
    if (!found) return { status: 204 };
    this.#refuseWhenBusy(found);
    this.#disarm(found.key);
    const operation = store.transaction(() => {
      this.#setState(found.key, "Deleting");
      return this.#parts.operations.start("schedule-deletion", found.resource.id, provisioning.deleteMs);
    });
    return { status: 202, headers: this.#parts.operations.acceptedHeaders(call.request, operation) };
  }

  #list(call: Call): ServiceAnswer {
    const view = (call.request.query.get("listViewType") ?? "EnabledOnly").toLowerCase();
    if (!["enabledonly", "disabledonly", "all"].includes(view)) {
      throw invalid(`listViewType is '${view}', expected EnabledOnly, DisabledOnly or All.`);
    }
    const listed = this.#context.store
      .list<ScheduleProperties>(`${call.workspace}/schedules`)
      .map(({ resource }) => resource)
      .filter(({ properties }) => view === "all" || properties.isEnabled === (view === "enabledonly"));
    return page(call, listed.reverse());
  }

  #arm(id: string): void {
    const found = this.#get(id);
    if (!found?.resource.properties.isEnabled || found.resource.properties.provisioningState !== "Succeeded")
      return;
    this.#disarm(id);
    const { clock } = this.#context;
    const at = this.#due(found);
    if (at === undefined) return;
    const cancel = clock.after(Math.max(0, at - clock.now()), () => this.#fire(found.key, at));
    this.#timers.set(found.key, cancel);
  }

  /** The next moment; when several have passed, the last of them. */
  #due({ resource, hidden }: ScheduleRow): number | undefined {
    const createdAt = Date.parse(resource.systemData.createdAt);
    const after = (at: number) => nextTrigger(resource.properties.trigger, at, createdAt);
    let due = after(hidden.doneUntil);
    if (due === undefined || due > this.#context.clock.now()) return due;
    for (let next = after(due); next !== undefined && next <= this.#context.clock.now(); next = after(due)) {
      due = next;
    }
    return due;
  }

  #fire(key: string, at: number): void {
    const found = this.#get(key);
    if (!found || !this.#context.store.isOpen) return;
    const { store, log } = this.#context;
    const done = () => store.put(found.resource, { ...found.hidden, doneUntil: at });
    try {
      // Together, so that a crash neither loses the moment nor lets it start a second job.
      store.transaction(() => {
        done();
        this.#run(found, at);
      });
    } catch (error) {
      log("error", `schedule '${found.resource.name}': ${String(error)}`);
      done();
    }
    this.#arm(key);
  }

  #run({ resource, hidden }: ScheduleRow, at: number): void {
    const { action } = resource.properties;
    const { jobs, monitors, batch, batchEndpoints } = this.#parts;
    const workspace = workspaceOf(resource.id);
    const stamp = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
    const name = `${resource.name}-${stamp}`;
    const submission = { workspace, name, origin: hidden.origin };
    const told = { "azureml.scheduleid": resource.name };
    if (action.actionType === "CreateJob") {
      const definition: JobDefinition = {
        ...action.jobDefinition,
        displayName: `${action.jobDefinition.displayName ?? resource.name}-${stamp}`,
        properties: { ...action.jobDefinition.properties, ...told },
      };
      jobs.submit(submission, definition);
    } else if (action.actionType === "CreateMonitor") {
      monitors.run(submission, action.monitorDefinition, told, at);
    } else {
      const { endpointName, deploymentName, properties } = action.endpointInvocationDefinition;
      const endpoint = batchEndpoints.find(endpointName);
      if (!endpoint) throw notFound(`There is no batch endpoint '${endpointName}'.`);
      batch.invoke(endpoint, { properties }, hidden.origin, deploymentName ?? undefined);
    }
  }

  #disarm(id: string): void {
    this.#timers.get(id.toLowerCase())?.();
    this.#timers.delete(id.toLowerCase());
  }

  #refuseWhenBusy({ resource: { name, properties } }: ScheduleRow): void {
    const { provisioningState } = properties;
    if (provisioningState === "Succeeded" || provisioningState === "Failed") return;
    throw conflict(`Schedule '${name}' is ${provisioningState}: wait for the operation under way.`);
  }

  #setState(target: string, provisioningState: ScheduleProperties["provisioningState"]): void {
    const found = this.#get(target);
    if (!found) return;
    const properties = { ...found.resource.properties, provisioningState };
    this.#context.store.put({ ...found.resource, properties }, found.hidden);
  }

  #get(id: string): ScheduleRow | undefined {
    return this.#context.store.get<ScheduleProperties, ScheduleSecrets>(id);
  }
}
