import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import type { ReportHealth, TakeFault, TakeStandstill } from "../service.ts";
import type { Measurements } from "./measurements.ts";
import { PROVIDER } from "./resource.ts";
import type { Store } from "./store.ts";

export type Log = (level: "info" | "error", message: string) => void;

export { guidOf } from "../guid.ts";

/** What every part of the stand-in shares. */
export interface Context {
  readonly clock: Clock;
  readonly store: Store;
  readonly measurements: Measurements;
  /** Folder with the database, `datastore/` and `jobs/`. */
  readonly data: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** Names of the workspaces there are, oldest first. */
  readonly workspaces: () => readonly string[];
  /** The workspace whose files lie in `data` itself; those of another lie in `data/workspaces/{name}`. */
  readonly mainWorkspace: string;
  readonly provisioning: {
    readonly endpointMs: number;
    readonly deploymentMs: number;
    readonly deleteMs: number;
    readonly jobStartMs: number;
    readonly nodesMs: number;
    readonly environmentMs: number;
  };
  readonly retryAfterSeconds: number;
  /** Cores of each family of machines that the region grants. */
  readonly coreQuota: number;
  /** Between two looks at whether a running job's process still moves. */
  readonly heartbeatMs: number;
  readonly takeFault: TakeFault | undefined;
  readonly reportHealth: ReportHealth | undefined;
  readonly takeStandstill: TakeStandstill | undefined;
  readonly log: Log;
}

export function workspaceId(
  context: Pick<Context, "subscriptionId" | "resourceGroup">,
  name: string,
): string {
  const { subscriptionId, resourceGroup } = context;
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${PROVIDER}/workspaces/${name}`;
}

export function registryId(context: Pick<Context, "subscriptionId" | "resourceGroup">, name: string): string {
  const { subscriptionId, resourceGroup } = context;
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${PROVIDER}/registries/${name}`;
}

/** The workspace that something belongs to, by its resource id. */
export function workspaceOf(id: string): string {
  const end = id.indexOf("/", id.toLowerCase().indexOf("/workspaces/") + "/workspaces/".length);
  return end < 0 ? id : id.slice(0, end);
}

/** Where the files of a workspace lie. */
export function folderOf(
  { data, mainWorkspace }: Pick<Context, "data" | "mainWorkspace">,
  workspace: string,
): string {
  const name = workspace.slice(workspace.lastIndexOf("/") + 1).toLowerCase();
  return name === mainWorkspace.toLowerCase() ? data : join(data, "workspaces", name);
}
