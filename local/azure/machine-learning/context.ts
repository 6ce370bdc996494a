import type { Clock } from "../../clock.ts";
import type { TakeFault } from "../service.ts";
import { PROVIDER } from "./resource.ts";
import type { Store } from "./store.ts";

export type Log = (level: "info" | "error", message: string) => void;

export { guidOf } from "../guid.ts";

/** What every part of the stand-in shares. */
export interface Context {
  readonly clock: Clock;
  readonly store: Store;
  /** Folder with the database, `datastore/` and `jobs/`. */
  readonly data: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly workspaces: readonly string[];
  readonly computes: readonly string[];
  readonly provisioning: {
    readonly endpointMs: number;
    readonly deploymentMs: number;
    readonly deleteMs: number;
  };
  readonly retryAfterSeconds: number;
  readonly takeFault: TakeFault | undefined;
  readonly log: Log;
}

export function workspaceId(
  context: Pick<Context, "subscriptionId" | "resourceGroup">,
  name: string,
): string {
  const { subscriptionId, resourceGroup } = context;
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${PROVIDER}/workspaces/${name}`;
}
