import { type ComputeProperties, countNodes, type NodeCounts } from "./compute.ts";
import { type Context, workspaceOf } from "./context.ts";
import { isOnMachines, type JobStatus, ON_MACHINES } from "./job-definition.ts";
import { machineOf } from "./machines.ts";
import type { Resource } from "./resource.ts";
import type { JobRow, Runs } from "./runs.ts";

type Cluster = Resource<ComputeProperties>;

/** The nodes of clusters, which follow from the jobs on them and from how far they scale. */
export class ClusterNodes {
  readonly #context: Context;
  readonly #runs: Runs;

  constructor(context: Context, runs: Runs) {
    this.#context = context;
    this.#runs = runs;
  }

  /** As they are now. */
  of(cluster: Cluster): NodeCounts {
    const running = this.#countJobs(cluster, ON_MACHINES);
    const waiting = this.#countJobs(cluster, ["Queued"]);
    return countNodes(running, waiting, cluster.properties.properties?.scaleSettings);
  }

  /** Jobs that are on nodes of a cluster, oldest first. */
  jobsOn(cluster: Cluster): JobRow[] {
    const names = namesOf(cluster);
    return this.#runs
      .of(workspaceOf(cluster.id))
      .filter(({ resource: { properties } }) => isOnMachines(properties.status))
      .filter(({ resource: { properties } }) => names.includes((properties.computeId ?? "").toLowerCase()));
  }

  /**
   * Tells Azure Monitor how many nodes and cores are at work, idle, and there at all, and what share of its family's quota
   * they take. Of a size that is not known only the nodes are told.
   */
  note(cluster: Cluster): void {
    if (cluster.properties.computeType !== "AmlCompute") return;
    const { measurements, coreQuota } = this.#context;
    const workspace = workspaceOf(cluster.id);
    const { vmSize, vmPriority } = cluster.properties.properties ?? {};
    const machine = machineOf(vmSize ?? "");
    const { running, idle } = this.of(cluster);
    const dimensions = { ClusterName: cluster.name };
    const counts = { Active: running, Idle: idle, Total: running + idle };
    for (const [state, nodes] of Object.entries(counts)) {
      measurements.level(workspace, `${state} Nodes`, nodes, dimensions);
      if (machine) measurements.level(workspace, `${state} Cores`, nodes * machine.cores, dimensions);
    }
    if (!machine) return;
    const percent = (100 * counts.Total * machine.cores) / coreQuota;
    const family = { VmFamilyName: machine.family, VmPriority: vmPriority ?? "Dedicated" };
    measurements.level(workspace, "Quota Utilization Percentage", percent, { ...dimensions, ...family });
  }

  /** Of a cluster that is gone there is nothing more to tell. */
  end(cluster: Cluster): void {
    this.#context.measurements.end(workspaceOf(cluster.id), { ClusterName: cluster.name });
  }

  /** By the database, as this is asked at each step of each job. */
  #countJobs(cluster: Cluster, statuses: readonly JobStatus[]): number {
    const row = this.#context.store
      .sql(
        `SELECT count(*) AS n FROM resources WHERE collection = ?
          AND resource ->> '$.properties.computeId' IS NOT NULL
          AND resource ->> '$.properties.status' IN (SELECT value FROM json_each(?))
          AND lower(resource ->> '$.properties.computeId') IN (SELECT value FROM json_each(?))`,
      )
      .get(
        `${workspaceOf(cluster.id)}/jobs`.toLowerCase(),
        JSON.stringify(statuses),
        JSON.stringify(namesOf(cluster)),
      );
    return Number(row?.n ?? 0);
  }
}

/** How jobs may name a compute, in lower case. */
const namesOf = ({ id, name }: Cluster): string[] =>
  [id, name, `azureml:${name}`].map((one) => one.toLowerCase());
