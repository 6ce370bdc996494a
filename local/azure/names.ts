/** What the simulated Azure has in it, by name and resource id. */
export const SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000001";
export const RESOURCE_GROUP = "rg-outerloop";
export const WORKSPACE = "mlw-outerloop";
export const LOCATION = "westeurope";
export const WORKSPACES_ID =
  `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}` +
  "/providers/Microsoft.MachineLearningServices/workspaces";
export const WORKSPACE_ID = `${WORKSPACES_ID}/${WORKSPACE}`;
/** One for each stage of a model's way, beside the one that does for all of them. */
export const STAGE_WORKSPACES = {
  development: `${WORKSPACES_ID}/${WORKSPACE}-development`,
  staging: `${WORKSPACES_ID}/${WORKSPACE}-staging`,
  production: `${WORKSPACES_ID}/${WORKSPACE}-production`,
} as const;

export const REGISTRY_ID =
  `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}` +
  "/providers/Microsoft.ContainerRegistry/registries/crouterloop";
/** The one Log Analytics workspace; queries name it by its `customerId`. */
export const LOG_ANALYTICS = {
  id: `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-outerloop`,
  customerId: "00000000-0000-0000-0000-00000000000d",
};
