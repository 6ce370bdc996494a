import type { ServiceRequest } from "../service.ts";
import { type Context, guidOf, workspaceId } from "./context.ts";
import { PROVIDER } from "./resource.ts";

/** Creation time of what comes with the workspace: a fixed one, because it was there before. */
const CREATED_ON = "2026-01-01T00:00:00.0000000+00:00";

export function renderWorkspace(context: Context, name: string, { origin }: ServiceRequest): object {
  const id = workspaceId(context, name);
  const group = `/subscriptions/${context.subscriptionId}/resourceGroups/${context.resourceGroup}/providers`;
  return {
    id,
    name,
    type: `${PROVIDER}/workspaces`,
    location: context.location,
    tags: {},
    identity: { type: "SystemAssigned", principalId: guidOf(`principal ${id}`), tenantId: guidOf("tenant") },
    sku: { name: "Basic", tier: "Basic" },
    properties: {
      workspaceId: guidOf(id),
      friendlyName: name,
      storageAccount: `${group}/Microsoft.Storage/storageAccounts/local`,
      keyVault: `${group}/Microsoft.KeyVault/vaults/local`,
      applicationInsights: `${group}/Microsoft.Insights/components/local`,
      discoveryUrl: `${origin}/discovery`,
      mlFlowTrackingUri: `azureml://${origin.replace(/^https?:\/\//, "")}/mlflow/v1.0${id}`,
      provisioningState: "Succeeded",
      publicNetworkAccess: "Enabled",
      hbiWorkspace: false,
      v1LegacyMode: false,
    },
  };
}

/** A compute cluster that is always there: jobs run on this machine, whatever they name. */
export function renderCompute(
  context: Context,
  workspace: string,
  name: string,
  runningJobs: number,
): object {
  return {
    id: `${workspace}/computes/${name}`,
    name,
    type: `${PROVIDER}/workspaces/computes`,
    location: context.location,
    properties: {
      computeType: "AmlCompute",
      provisioningState: "Succeeded",
      createdOn: CREATED_ON,
      modifiedOn: CREATED_ON,
      isAttachedCompute: false,
      properties: {
        vmSize: "STANDARD_DS3_V2",
        vmPriority: "Dedicated",
        scaleSettings: { minNodeCount: 0, maxNodeCount: 2, nodeIdleTimeBeforeScaleDown: "PT2M" },
        allocationState: "Steady",
        currentNodeCount: runningJobs,
        targetNodeCount: runningJobs,
        nodeStateCounts: {
          idleNodeCount: 0,
          runningNodeCount: runningJobs,
          preparingNodeCount: 0,
          unusableNodeCount: 0,
          leavingNodeCount: 0,
          preemptedNodeCount: 0,
        },
      },
    },
  };
}
