import { type MeasuredMetric, told } from "./metric.ts";

/** @see Microsoft Learn, "Supported metrics with Azure Monitor": Microsoft.MachineLearningServices/workspaces */

const RUN_DIMENSIONS = told(
  "Scenario",
  "RunType",
  "PublishedPipelineId",
  "ComputeType",
  "PipelineStepType",
  "ExperimentName",
);

const RUNS = [
  "Not Started",
  "Starting",
  "Provisioning",
  "Preparing",
  "Queued",
  "Started",
  "Finalizing",
  "Completed",
  "Failed",
  "Cancel Requested",
  "Cancelled",
  "Not Responding",
].map(
  (status): MeasuredMetric => ({
    name: `${status} Runs`,
    unit: "Count",
    description: `The number of runs of this workspace that have become ${status.toLowerCase()}.`,
    dimensions: RUN_DIMENSIONS,
    measure: { kind: "count" },
    primary: "total",
    isExportable: true,
  }),
);

const model = (what: string, description: string, ...dimensions: string[]): MeasuredMetric => ({
  name: `Model ${what}`,
  unit: "Count",
  description: `The number of ${description} in this workspace.`,
  dimensions: told("Scenario", ...dimensions),
  measure: { kind: "count" },
  primary: "total",
  isExportable: true,
});
const MODELS = [
  model("Register Succeeded", "model registrations that succeeded"),
  model("Register Failed", "model registrations that failed", "StatusCode"),
  model("Deploy Started", "model deployments started"),
  model("Deploy Succeeded", "model deployments that succeeded"),
  model("Deploy Failed", "model deployments that failed", "StatusCode"),
];

const NODES = ["Nodes", "Cores"].flatMap((what) =>
  ["Active", "Idle", "Total"].map(
    (state): MeasuredMetric => ({
      name: `${state} ${what}`,
      unit: "Count",
      description: `The number of ${state.toLowerCase()} ${what.toLowerCase()} of the workspace's clusters.`,
      dimensions: told("Scenario", "ClusterName"),
      measure: { kind: "level" },
      isExportable: true,
    }),
  ),
);

export const WORKSPACE: readonly MeasuredMetric[] = [
  ...RUNS,
  ...MODELS,
  ...NODES,
  {
    name: "Quota Utilization Percentage",
    unit: "Count",
    description: "The percentage of the quota of a family of machines that a cluster takes.",
    dimensions: told("Scenario", "ClusterName", "VmFamilyName", "VmPriority"),
    measure: { kind: "level" },
    isExportable: true,
  },
];

/** Metrics of workspaces that Azure has and nothing here measures. */
export const NOT_MEASURED_OF_WORKSPACES: readonly string[] = [
  ...["Leaving", "Preempted", "Unusable"].flatMap((state) => [`${state} Nodes`, `${state} Cores`]),
  "CpuUtilization",
  "CpuUtilizationPercentage",
  "CpuUtilizationMillicores",
  "CpuCapacityMillicores",
  "CpuMemoryUtilizationPercentage",
  "CpuMemoryUtilizationMegabytes",
  "CpuMemoryCapacityMegabytes",
  "DiskAvailMegabytes",
  "DiskUsedMegabytes",
  "DiskReadMegabytes",
  "DiskWriteMegabytes",
  "StorageAPISuccessCount",
  "StorageAPIFailureCount",
  "GpuUtilization",
  "GpuMemoryUtilization",
  "GpuUtilizationPercentage",
  "GpuUtilizationMilliGPUs",
  "GpuCapacityMilliGPUs",
  "GpuMemoryUtilizationPercentage",
  "GpuMemoryUtilizationMegabytes",
  "GpuMemoryCapacityMegabytes",
  "GpuEnergyJoules",
  "IBReceiveMegabytes",
  "IBTransmitMegabytes",
  "NetworkInputMegabytes",
  "NetworkOutputMegabytes",
  "Errors",
  "Warnings",
  "Agents",
  "IndexedFiles",
  "Messages",
  "Runs",
  "Threads",
  "Tokens",
  "ToolCalls",
];
