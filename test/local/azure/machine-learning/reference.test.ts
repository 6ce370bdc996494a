import { expect, test } from "vitest";
import { parseReference } from "../../../../local/azure/machine-learning/reference.ts";
import { WORKSPACE_ID } from "./identity.ts";

const LONG = "azureml://subscriptions/s/resourcegroups/g/workspaces/w";

test.each([
  ["azureml:weather:3", { type: "asset", name: "weather", version: "3" }],
  ["azureml:weather@latest", { type: "asset", name: "weather", version: "@latest" }],
  [
    `${WORKSPACE_ID}/models/m/versions/1`,
    { type: "asset", kind: "models", name: "m", version: "1", workspace: "mlw-outerloop" },
  ],
  [
    `azureml:${WORKSPACE_ID}/data/d/versions/x.1`,
    { type: "asset", kind: "data", name: "d", version: "x.1", workspace: "mlw-outerloop" },
  ],
  [`${LONG}/codes/c/versions/2`, { type: "asset", kind: "codes", name: "c", version: "2", workspace: "w" }],
  [
    "azureml://locations/westeurope/workspaces/guid/models/m/versions/2",
    { type: "asset", kind: "models", name: "m", version: "2", workspace: "guid" },
  ],
  [
    "azureml://datastores/workspaceblobstore/paths/a/b.csv",
    { type: "datastore", datastore: "workspaceblobstore", path: "a/b.csv" },
  ],
  [`${LONG}/datastores/store/paths/a/`, { type: "datastore", datastore: "store", path: "a/" }],
  ["azureml://jobs/j/outputs/model/paths/", { type: "job-output", job: "j", output: "model", path: "" }],
  ["azureml://jobs/j/outputs/model", { type: "job-output", job: "j", output: "model", path: "" }],
  [
    "azureml://registries/r/models/m/versions/1",
    { type: "registry", registry: "r", kind: "models", name: "m", version: "1" },
  ],
  [
    "azureml://registries/r/components/c/labels/latest",
    { type: "registry", registry: "r", kind: "components", name: "c", version: "@latest" },
  ],
  [
    `${WORKSPACE_ID.replace("workspaces/mlw-outerloop", "registries/r")}/environments/e/versions/2`,
    { type: "registry", registry: "r", kind: "environments", name: "e", version: "2" },
  ],
  ["file:///tmp/code", { type: "file", url: "file:///tmp/code" }],
  ["https://example.com/x", undefined],
  ["weather:3", undefined],
])("reads %s", (text, reference) => {
  expect(parseReference(text)).toEqual(reference);
});
