import * as z from "zod";

export interface ComputeProperties {
  readonly computeType: "AmlCompute" | "ComputeInstance" | "Kubernetes";
  readonly provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";
  readonly resourceId?: string | null | undefined;
  readonly createdOn: string;
  readonly modifiedOn: string;
  readonly isAttachedCompute: boolean;
  readonly properties?:
    | {
        readonly vmSize?: string | null | undefined;
        readonly vmPriority?: string | null | undefined;
        readonly namespace?: string | null | undefined;
        readonly scaleSettings?: ScaleSettings | null | undefined;
        readonly state?: InstanceState | undefined;
        readonly lastOperation?: object | undefined;
      }
    | null
    | undefined;
}

export type InstanceState = "Creating" | "Running" | "Starting" | "Stopping" | "Stopped" | "Restarting";
type ScaleSettings = z.infer<typeof SCALE>;

const SCALE = z.looseObject({
  minNodeCount: z.number().int().min(0).default(0),
  maxNodeCount: z.number().int().min(0),
  nodeIdleTimeBeforeScaleDown: z.string().nullish(),
});
const sized = z.looseObject({ vmSize: z.string().min(1) });
const PRIORITY = z.enum(["Dedicated", "LowPriority"]).nullish();
const common = { description: z.string().nullish(), computeLocation: z.string().nullish() };

/** What a PUT of a compute must bring. */
export const COMPUTE_BODY = z.looseObject({
  location: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  identity: z.looseObject({ type: z.string() }).nullish(),
  sku: z.looseObject({ name: z.string() }).nullish(),
  properties: z.discriminatedUnion(
    "computeType",
    [
      z.looseObject({
        ...common,
        computeType: z.literal("AmlCompute"),
        properties: sized.extend({ scaleSettings: SCALE.nullish(), vmPriority: PRIORITY }),
      }),
      z.looseObject({ ...common, computeType: z.literal("ComputeInstance"), properties: sized }),
      z.looseObject({
        ...common,
        computeType: z.literal("Kubernetes"),
        resourceId: z.string().min(1),
        properties: z.looseObject({ namespace: z.string().nullish() }).nullish(),
      }),
    ],
    { error: "expected AmlCompute, ComputeInstance or Kubernetes: no other compute is simulated here" },
  ),
});

export type ComputeBody = z.infer<typeof COMPUTE_BODY>;

/** The nesting is the service's own. */
export const COMPUTE_PATCH = z.looseObject({
  properties: z.looseObject({ properties: z.looseObject({ scaleSettings: SCALE }) }),
});

/** Nodes of a cluster: one for each job that runs, one on its way for each that waits, and idle ones up to its least. */
export interface NodeCounts {
  readonly running: number;
  readonly preparing: number;
  readonly idle: number;
}

export function countNodes(running: number, waiting: number, scale?: ScaleSettings | null): NodeCounts {
  const spare = Math.max(0, (scale?.minNodeCount ?? 0) - running);
  const room = Math.max(0, (scale?.maxNodeCount ?? Number.POSITIVE_INFINITY) - running - spare);
  return { running, idle: spare, preparing: Math.min(room, Math.max(0, waiting - spare)) };
}

/** What a cluster shows of its nodes. */
export function clusterState({ running, preparing, idle }: NodeCounts): object {
  return {
    allocationState: preparing > 0 ? "Resizing" : "Steady",
    currentNodeCount: running + idle,
    targetNodeCount: running + idle + preparing,
    nodeStateCounts: {
      idleNodeCount: idle,
      runningNodeCount: running,
      preparingNodeCount: preparing,
      unusableNodeCount: 0,
      leavingNodeCount: 0,
      preemptedNodeCount: 0,
    },
  };
}
