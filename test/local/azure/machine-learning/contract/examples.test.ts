import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { until } from "../setup.ts";
import { contract, LOCATION, raw, WORKSPACE_ID } from "./harness.ts";

const fixture = contract();
const EXAMPLES = path.join(
  import.meta.dirname,
  "../../../../specs/machinelearning-2022-10-01/specification/machinelearningservices/resource-manager",
  "Microsoft.MachineLearningServices/stable/2022-10-01/examples",
);
const example = (file: string) => JSON.parse(readFileSync(path.join(EXAMPLES, file), "utf8"));

/** The examples' values are placeholders (`string`); these are what the stand-in can find something behind. */
const REAL: Readonly<Record<string, unknown>> = {
  modelUri: "azureml://datastores/workspaceblobstore/paths/model",
  uri: "azureml://datastores/workspaceblobstore/paths/model",
  location: LOCATION,
  timeout: "PT5M",
  model: "azureml:weather:1",
  assetId: "azureml:weather:1",
  computeId: "cpu-cluster",
  compute: undefined,
  codeId: undefined,
  command: "true",
  mode: "Upload",
};

function realised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(realised);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !(name in REAL && REAL[name] === undefined));
  return Object.fromEntries(kept.map(([name, inner]) => [name, name in REAL ? REAL[name] : realised(inner)]));
}

/** Names of the members that an answer has, as deep as objects go; members of dictionaries have the callers' names. */
function membersOf(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    `${at}${name}`,
    ...membersOf(inner, `${at}${name}.`),
  ]);
}

beforeAll(async () => {
  await mkdir(path.join(fixture.data, "datastore/model"), { recursive: true });
  await writeFile(
    path.join(fixture.data, "datastore/model/MLmodel"),
    "flavors:\n  node_function:\n    loader: s.js\n",
  );
  await writeFile(path.join(fixture.data, "datastore/model/s.js"), "export const load = () => () => [];");
  await raw(fixture.client, "PUT", "models/weather/versions/1", {
    properties: { modelUri: REAL.modelUri, modelType: "mlflow_model" },
  });
});

/** What the example answers and the stand-in leaves out when it has nothing to say: all of them optional. */
const LEFT_OUT = [
  /userAssignedIdentities/,
  /properties\.(swaggerUri|scoringUri)$/,
  /services/,
  /^properties\.resources\.properties\./,
  /parameters/,
  /^sku/,
  /^kind$/,
  /privateEndpointConnections/,
  /codeId|computeId|compute$/,
];

test.each([
  { file: "ModelVersion/createOrUpdate.json", at: "models/example/versions/1" },
  { file: "Job/CommandJob/createOrUpdate.json", at: "jobs/command" },
  { file: "Job/PipelineJob/createOrUpdate.json", at: "jobs/pipeline" },
  { file: "BatchEndpoint/createOrUpdate.json", at: "batchEndpoints/batch", drop: "defaults" },
  { file: "OnlineEndpoint/createOrUpdate.json", at: "onlineEndpoints/online", drop: "traffic" },
])("answers the request of $file in the shape of its answer", async ({ file, at, drop }) => {
  const { parameters, responses } = example(file);
  const body = realised(parameters.body) as { properties: Record<string, unknown> };
  if (drop) delete body.properties[drop];
  if (file.startsWith("OnlineEndpoint")) delete body.properties.compute;
  const answer = await raw(fixture.client, "PUT", at, body);
  const members = membersOf(answer);
  const missing = membersOf(responses["201"].body)
    .filter((name) => !LEFT_OUT.some((pattern) => pattern.test(name)))
    .filter((name) => drop === undefined || !name.startsWith(`properties.${drop}`))
    .filter((name) => !members.includes(name));
  expect(missing).toEqual([]);
});

test.each([
  {
    file: "Workspace/get.json",
    method: "GET" as const,
    at: WORKSPACE_ID,
    required: [
      "id",
      "name",
      "type",
      "location",
      "identity",
      "properties.discoveryUrl",
      "properties.keyVault",
      "properties.storageAccount",
      "properties.applicationInsights",
    ],
  },
  { file: "Compute/list.json", method: "GET" as const, at: "computes", required: ["value"] },
  {
    file: "OnlineEndpoint/listKeys.json",
    method: "POST" as const,
    at: "onlineEndpoints/keyed/listKeys",
    required: ["primaryKey", "secondaryKey"],
  },
])(
  "answers the request of $file with the members that a caller reads",
  async ({ file, method, at, required }) => {
    if (at.includes("keyed")) {
      await raw(fixture.client, "PUT", "onlineEndpoints/keyed", {
        location: LOCATION,
        properties: { authMode: "Key" },
      });
      await until(async () => {
        const { properties } = await raw(fixture.client, "GET", "onlineEndpoints/keyed");
        return Object(properties).provisioningState === "Succeeded";
      });
    }
    const described = membersOf(example(file).responses["200"].body);
    expect(described).toEqual(expect.arrayContaining(required));
    expect(membersOf(await raw(fixture.client, method, at))).toEqual(expect.arrayContaining(required));
  },
);
