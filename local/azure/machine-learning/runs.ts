import { type Context, guidOf, workspaceId, workspaceOf } from "./context.ts";
import {
  isOnMachines,
  isTerminal,
  type JobProperties,
  type JobSecrets,
  type JobStatus,
} from "./job-definition.ts";
import type { OperationError } from "./operations.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import type { Row } from "./store.ts";
import type { Usages } from "./usages.ts";

export type JobRow = Row<JobProperties, JobSecrets>;

/** Id of an experiment in MLflow and in events: it follows from workspace and name. */
export function experimentId(workspace: string, experimentName: string): string {
  return guidOf(`${workspace}/experiments/${experimentName}`.toLowerCase());
}

/** What runs need to know of the machines that jobs run on. */
export interface JobMachines {
  /** Those that are paid; undefined when it runs on none. */
  of(job: Resource<JobProperties>): { sku: string; instances: number } | undefined;
  /** What Azure Monitor calls the compute, e.g. `AmlCompute`; empty for none of its own. */
  typeOf(job: Resource<JobProperties>): string;
  /** Takes note of how many are at work. */
  noteChange(job: Resource<JobProperties>): void;
}

/** Statuses as the names of metrics have them, before ` Runs`; the others have no metric. */
const COUNTED: Partial<Record<JobStatus, string>> = {
  NotStarted: "Not Started",
  Starting: "Starting",
  Provisioning: "Provisioning",
  Preparing: "Preparing",
  Queued: "Queued",
  Running: "Started",
  Finalizing: "Finalizing",
  Completed: "Completed",
  Failed: "Failed",
  CancelRequested: "Cancel Requested",
  Canceled: "Cancelled",
  NotResponding: "Not Responding",
};

/** Moves jobs from status to status, and tells of it in the same transaction. */
export class Runs {
  readonly #context: Context;
  readonly #usages: Usages;
  readonly #machines: JobMachines;
  readonly #listeners: ((job: JobRow) => void)[] = [];

  constructor(context: Context, usages: Usages, machines: JobMachines) {
    this.#context = context;
    this.#usages = usages;
    this.#machines = machines;
  }

  get(id: string): JobRow | undefined {
    return this.#context.store.get<JobProperties, JobSecrets>(id);
  }

  all(): JobRow[] {
    return this.#context.workspaces().flatMap((name) => this.of(workspaceId(this.#context, name)));
  }

  /** The jobs of a workspace, oldest first. */
  of(workspace: string): JobRow[] {
    return this.#context.store.list<JobProperties, JobSecrets>(`${workspace}/jobs`);
  }

  /** Writes a new status, unless the job is gone or has ended: an end is final. */
  move(id: string, status: JobStatus): void {
    const { store, clock } = this.#context;
    store.transaction(() => {
      const found = this.get(id);
      if (!found || isTerminal(found.resource.properties.status)) return;
      const now = clock.now();
      const begins = status === "Running" && !isOnMachines(found.resource.properties.status);
      const times = {
        movedAt: now,
        ...(begins && { startedAt: now }),
        ...(isTerminal(status) && { endedAt: now }),
      };
      const job = {
        ...found.resource,
        properties: { ...found.resource.properties, status },
        systemData: systemData(now, found.resource.systemData),
      };
      store.put(job, { ...found.hidden, ...times });
      if (begins) this.#meter(job);
      else if (!isOnMachines(status)) this.#usages.end(id);
      if (begins || status !== "Running") this.#count(job, found.hidden);
      this.#machines.noteChange(job);
      this.announce({ ...found, resource: job });
      if (isTerminal(status)) this.#tell({ ...found, resource: job });
    });
  }

  /** Writes a job that is NotStarted, and tells of it. */
  add(job: Resource<JobProperties>, hidden: JobSecrets): void {
    const { store } = this.#context;
    store.transaction(() => {
      store.put(job, hidden);
      this.#count(job, hidden);
      const row = this.get(job.id);
      if (row) this.announce(row);
    });
  }

  /** Takes a job away with all that it has logged: another of its name has a history of its own. */
  remove(key: string): void {
    const { store } = this.#context;
    store.transaction(() => {
      store.delete(key);
      store.sql("DELETE FROM metrics WHERE run = ?").run(key);
      store.sql("DELETE FROM params WHERE run = ?").run(key);
    });
  }

  /** Calls once a job has ended, whichever way. In the transaction that writes it: only take note. */
  onEnd(listener: (job: JobRow) => void): void {
    this.#listeners.push(listener);
  }

  #tell(job: JobRow): void {
    for (const listener of this.#listeners) listener(job);
  }

  /** Ends a job as Failed, with the error that its run history would show. */
  fail(id: string, { code, message }: OperationError): void {
    this.#context.store.transaction(() => {
      const found = this.get(id);
      if (!found || isTerminal(found.resource.properties.status)) return;
      const { properties } = found.resource;
      const told = { ...properties.properties, "error.code": code, "error.message": message };
      this.#context.store.put(
        { ...found.resource, properties: { ...properties, properties: told } },
        found.hidden,
      );
      this.move(id, "Failed");
    });
  }

  #meter(job: Resource<JobProperties>): void {
    const machines = this.#machines.of(job);
    if (machines) this.#usages.begin(job.id, machines.sku, machines.instances);
  }

  #count(job: Resource<JobProperties>, { step }: JobSecrets): void {
    const { status, experimentName, jobType } = job.properties;
    const name = COUNTED[status];
    if (name === undefined) return;
    const command = step ? "StepRun" : "Experiment";
    this.#context.measurements.count(workspaceOf(job.id), `${name} Runs`, {
      RunType: jobType === "Pipeline" ? "PipelineRun" : command,
      ComputeType: this.#machines.typeOf(job),
      ExperimentName: experimentName,
    });
  }

  setTag(id: string, key: string, value: string): void {
    const found = this.get(id);
    if (!found) return;
    const { properties } = found.resource;
    this.#context.store.put(
      { ...found.resource, properties: { ...properties, tags: { ...properties.tags, [key]: value } } },
      found.hidden,
    );
  }

  /** @returns whether there was one */
  deleteTag(id: string, key: string): boolean {
    const found = this.get(id);
    const { [key]: before, ...tags } = found?.resource.properties.tags ?? {};
    if (!found || before === undefined) return false;
    const { properties } = found.resource;
    this.#context.store.put({ ...found.resource, properties: { ...properties, tags } }, found.hidden);
    return true;
  }

  /** To be called in the transaction that writes the status. A completed run is told of twice, as by the service. */
  announce({ resource: job, hidden }: JobRow): void {
    const { status, experimentName, tags, properties } = job.properties;
    const workspace = workspaceOf(job.id);
    const experiment = experimentId(workspace, experimentName);
    const data = {
      experimentId: experiment,
      experimentName,
      runId: job.name,
      runType: typeOf(job.properties, hidden),
      runTags: tags ?? {},
      runProperties: properties ?? {},
    };
    const event = {
      topic: workspace,
      subject: `experiments/${experiment}/runs/${job.name}`,
      eventTime: new Date(this.#context.clock.now()).toISOString(),
    };
    const { store } = this.#context;
    store.raiseLater({
      ...event,
      eventType: `${PROVIDER}.RunStatusChanged`,
      data: { ...data, runStatus: status },
    });
    if (status === "Completed") store.raiseLater({ ...event, eventType: `${PROVIDER}.RunCompleted`, data });
  }
}

function typeOf({ jobType }: JobProperties, { step }: JobSecrets): string | null {
  if (jobType === "Pipeline") return "azureml.PipelineRun";
  return step ? "azureml.StepRun" : null;
}
