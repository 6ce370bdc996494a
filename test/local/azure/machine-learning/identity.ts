/** Where the tests' workspace is. */
export const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
export const GROUP = "rg-outerloop";
export const WORKSPACE = "mlw-outerloop";
export const AT: [string, string] = [GROUP, WORKSPACE];
export const WORKSPACE_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.MachineLearningServices/workspaces/${WORKSPACE}`;
/** A curated environment: it is there where nothing has been registered, too. */
export const CURATED = "azureml://registries/azureml/environments/sklearn-1.5/versions/1";
