import { type Context, guidOf } from "./context.ts";
import { isTerminal, type JobProperties, type JobSecrets, type JobStatus } from "./job-definition.ts";
import type { OperationError } from "./operations.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";
import type { Row } from "./store.ts";
import { DEFAULT_VM_SIZE, type Usages } from "./usages.ts";

export type JobRow = Row<JobProperties, JobSecrets>;

/** Id of an experiment in MLflow and in events: it follows from workspace and name. */
export function experimentId(workspace: string, experimentName: string): string {
  return guidOf(`${workspace}/experiments/${experimentName}`.toLowerCase());
}

export function workspaceOf(job: Resource<JobProperties>): string {
  return job.id.slice(0, job.id.toLowerCase().lastIndexOf("/jobs/"));
}

/** Moves jobs from status to status, and tells of it in the same transaction. */
export class Runs {
  readonly #context: Context;
  readonly #usages: Usages;

  constructor(context: Context, usages: Usages) {
    this.#context = context;
    this.#usages = usages;
  }

  get(id: string): JobRow | undefined {
    return this.#context.store.get<JobProperties, JobSecrets>(id);
  }

  all(): JobRow[] {
    const { workspaces, store, subscriptionId, resourceGroup } = this.#context;
    return workspaces.flatMap((name) =>
      store.list<JobProperties, JobSecrets>(
        `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${PROVIDER}/workspaces/${name}/jobs`,
      ),
    );
  }

  /** Writes a new status, unless the job is gone or has ended: an end is final. */
  move(id: string, status: JobStatus): void {
    const { store, clock } = this.#context;
    store.transaction(() => {
      const found = this.get(id);
      if (!found || isTerminal(found.resource.properties.status)) return;
      const now = clock.now();
      const times = {
        ...(status === "Running" && { startedAt: now }),
        ...(isTerminal(status) && { endedAt: now }),
      };
      const job = {
        ...found.resource,
        properties: { ...found.resource.properties, status },
        systemData: systemData(now, found.resource.systemData),
      };
      store.put(job, { ...found.hidden, ...times });
      if (status === "Running") this.#meter(job);
      else this.#usages.end(id);
      this.announce(job);
    });
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

  #meter({ id, properties }: Resource<JobProperties>): void {
    const { instanceType, instanceCount } = properties.resources ?? {};
    this.#usages.begin(id, instanceType ?? DEFAULT_VM_SIZE, instanceCount ?? 1);
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

  /** To be called in the transaction that writes the status. A completed run is told of twice, as by the service. */
  announce(job: Resource<JobProperties>): void {
    const { status, experimentName, tags, properties } = job.properties;
    const workspace = workspaceOf(job);
    const experiment = experimentId(workspace, experimentName);
    const data = {
      experimentId: experiment,
      experimentName,
      runId: job.name,
      runType: null,
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
