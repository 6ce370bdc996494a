const TIMEOUT = "PT10M";

export const literal = (value: number | string) => ({ jobInputType: "literal", value: String(value) });
export const fileOf = (asset: string, version: string) => ({
  jobInputType: "uri_file",
  uri: `azureml:${asset}:${version}`,
  mode: "ReadOnlyMount",
});
export const modelOf = (uri: string) => ({ jobInputType: "mlflow_model", uri, mode: "ReadOnlyMount" });
/** What the data collector kept of a deployment. */
export const collectedOf = (endpoint: string, deployment: string) => ({
  jobInputType: "uri_folder",
  uri: `azureml://datastores/workspaceblobstore/paths/modelDataCollector/${endpoint}/${deployment}`,
  mode: "ReadOnlyMount",
});
export const modelOutput = { jobOutputType: "mlflow_model", mode: "ReadWriteMount" };
export const folderOutput = { jobOutputType: "uri_folder", mode: "ReadWriteMount" };

/** By these tags the control plane knows which model and endpoint a monitor's run is about. */
export const watchedTags = (model: string, endpoint: string, deployment: string) => ({
  "azureml.modelName": model,
  "azureml.endpoint_name": endpoint,
  "azureml.deployment_name": deployment,
});

/** @param code - name of the code asset, as in `Scenario` */
export function commandJob(code: string, experimentName: string, command: string, more: object): object {
  return {
    jobType: "Command",
    experimentName,
    displayName: experimentName,
    command,
    codeId: `azureml:${code}:1`,
    environmentId: `azureml:${code}-env:1`,
    limits: { jobLimitsType: "Command", timeout: TIMEOUT },
    ...more,
  };
}
