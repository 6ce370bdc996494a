import { createHash } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { TakeFault } from "../service.ts";
import { PROVIDER } from "./resource.ts";
import type { Store } from "./store.ts";

export type Log = (level: "info" | "error", message: string) => void;

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

/** A GUID that follows from a text, for what the service would draw at random once and keep. */
export function guidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
