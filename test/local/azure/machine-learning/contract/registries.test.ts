import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { newModel, registerModel } from "../model.ts";
import { AT, contract, LOCATION, NEWEST, QUICK, REGISTRY_ID, raw, refused, SUBSCRIPTION } from "./harness.ts";

const fixture = contract();
const REGISTRY = { location: LOCATION, properties: { regionDetails: [{ location: LOCATION }] } };
const at = (path: string) => `${REGISTRY_ID}/${path}`;
const call = (
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  version = NEWEST,
) => raw(fixture.client, method, path, body, version);

beforeAll(async () => {
  await call("PUT", REGISTRY_ID, REGISTRY);
});

async function published(path: string): Promise<Record<string, unknown>> {
  return until(async () => {
    const found = await call("GET", path).catch(() => undefined);
    const properties = Object(found?.properties);
    return properties.provisioningState === "Succeeded" ? found : undefined;
  });
}

test("makes a registry, shows it in its group and its subscription, and takes tags", async () => {
  expect(await call("GET", REGISTRY_ID)).toMatchObject({ name: "shared", location: LOCATION });
  const groups = [
    REGISTRY_ID.replace("/shared", ""),
    `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/registries`,
  ];
  for (const group of groups) expect((await call("GET", group)).value).toMatchObject([{ name: "shared" }]);
  await call("PATCH", REGISTRY_ID, { tags: { a: "1" } });
  expect((await call("GET", REGISTRY_ID)).tags).toEqual({ a: "1" });
});

test("answers its making with an operation that ends, and its deletion too", async () => {
  const id = REGISTRY_ID.replace("shared", "short-lived");
  const made = await fixture.call("PUT", `${id}?api-version=${NEWEST}`, REGISTRY);
  expect(made.status).toBe(201);
  const status = made.headers.get("azure-asyncoperation") ?? "";
  await until(async () => (await fixture.call("GET", status)).body.status === "Succeeded");
  const deleted = await fixture.call("DELETE", `${id}?api-version=${NEWEST}`);
  const location = deleted.headers.get("location") ?? "";
  await until(async () => (await fixture.call("GET", location)).status === 204);
  expect((await fixture.call("DELETE", `${id}?api-version=${NEWEST}`)).status).toBe(204);
});

test("answers 400 to the making of a registry whose name is too short", async () => {
  const { status, body } = await fixture.call(
    "PUT",
    `${REGISTRY_ID.replace("shared", "ab")}?api-version=${NEWEST}`,
    REGISTRY,
  );
  fixture.problems.length = 0;
  expect(status).toBe(400);
  expect(body).toMatchObject({
    error: { message: expect.stringContaining("The registry name 'ab' is not valid, expected 3 to 33") },
  });
});

test("tells where a registry is to those who know its name", async () => {
  const found = await fixture.call("GET", "/registrymanagement/v1.0/registries/shared/discovery");
  expect(found.body).toMatchObject({
    registryName: "shared",
    subscriptionId: SUBSCRIPTION,
    primaryRegion: LOCATION,
  });
  expect((await fixture.call("GET", "/registrymanagement/v1.0/registries/nope/discovery")).status).toBe(404);
});

test("publishes a model, tells of it as the registry's own, and serves it though the original is gone", async () => {
  const uri = await newModel(fixture);
  await registerModel(fixture, "weather", "3", uri);
  const to = { registryName: "shared", destinationName: "weather", destinationVersion: "3" };
  await call("POST", "models/weather/versions/3/publish", to);
  await published(at("models/weather/versions/3"));
  const told = fixture.events.findLast(({ eventType }) => eventType.endsWith("ModelRegistered"));
  expect(told).toMatchObject({
    topic: REGISTRY_ID,
    subject: "models/weather:3",
    data: { ModelName: "weather", ModelVersion: 3 },
  });

  await rm(path.join(fixture.data, "datastore", uri.split("/paths/")[1] ?? ""), { recursive: true });
  const endpoint = { location: LOCATION, properties: { authMode: "Key" as const } };
  await fixture.client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "from-registry", endpoint, QUICK);
  const made = await fixture.client.onlineDeployments.beginCreateOrUpdateAndWait(
    ...AT,
    "from-registry",
    "blue",
    {
      location: LOCATION,
      properties: {
        endpointComputeType: "Managed",
        model: "azureml://registries/shared/models/weather/versions/3",
      },
    },
    QUICK,
  );
  expect(made.properties.provisioningState).toBe("Succeeded");
});

test("publishes an environment and a component, which a pipeline can run", async () => {
  await fixture.client.environmentVersions.createOrUpdate(...AT, "node-env", "1", {
    properties: { image: "node:24" },
  });
  const componentSpec = {
    name: "mark",
    type: "command",
    environment: "azureml:node-env:1",
    command: `touch ${fixture.data}/mark`,
  };
  await fixture.client.componentVersions.createOrUpdate(...AT, "mark", "1", {
    properties: { componentSpec },
  });
  await call("POST", "environments/node-env/versions/1/publish", { registryName: "shared" });
  await call("POST", "components/mark/versions/1/publish", { registryName: "shared" });
  await published(at("environments/node-env/versions/1"));
  await published(at("components/mark/versions/1"));
  await fixture.client.environmentVersions.delete(...AT, "node-env", "1");
  const step = { type: "command", componentId: "azureml://registries/shared/components/mark/labels/latest" };
  await call("PUT", "jobs/shared", { properties: { jobType: "Pipeline", jobs: { mark: step } } });
  await until(() => existsSync(`${fixture.data}/mark`));
});

test("answers 409 when a version is published where there is one", async () => {
  await registerModel(fixture, "twice", "1", await newModel(fixture));
  const to = { registryName: "shared", destinationName: "twice", destinationVersion: "1" };
  await call("POST", "models/twice/versions/1/publish", to);
  await published(at("models/twice/versions/1"));
  await expect(call("POST", "models/twice/versions/1/publish", to)).rejects.toEqual(refused(409, "Conflict"));
});

test("publishes a version anew, after its deletion, without a file of the one before", async () => {
  const to = { registryName: "shared", destinationName: "anew", destinationVersion: "1" };
  const folder = path.join(fixture.data, "registries", "shared", "models", "anew", "versions", "1");
  const first = await newModel(fixture);
  const source = path.join(fixture.data, "datastore", first.split("/paths/")[1] ?? "");
  await writeFile(path.join(source, "weights.bin"), "1");
  await registerModel(fixture, "anew", "1", first);
  await registerModel(fixture, "anew", "2", await newModel(fixture));
  await call("POST", "models/anew/versions/1/publish", to);
  await published(at("models/anew/versions/1"));
  expect(existsSync(path.join(folder, "weights.bin"))).toBe(true);
  await call("DELETE", at("models/anew/versions/1"));
  await until(
    async () =>
      (await fixture.call("GET", `${at("models/anew/versions/1")}?api-version=${NEWEST}`)).status === 404,
  );
  await call("POST", "models/anew/versions/2/publish", to);
  await published(at("models/anew/versions/1"));
  expect(existsSync(path.join(folder, "MLmodel"))).toBe(true);
  expect(existsSync(path.join(folder, "weights.bin"))).toBe(false);
});

test("leaves a version whose content cannot be copied as Failed", async () => {
  await registerModel(fixture, "hollow", "1", "azureml://datastores/workspaceblobstore/paths/nothing/here");
  await call("POST", "models/hollow/versions/1/publish", { registryName: "shared" });
  await until(async () => {
    const { properties } = await call("GET", at("models/hollow/versions/1"));
    return Object(properties).provisioningState === "Failed";
  });
});

test.each([
  { kind: "environments", properties: { image: "node:24" } },
  { kind: "components", properties: { componentSpec: { name: "c", type: "command" } } },
  { kind: "models", properties: { modelUri: "file:///tmp", modelType: "custom_model" } },
])("makes a version of $kind in the registry itself, lists and deletes it", async ({ kind, properties }) => {
  const own =
    kind === "models" ? { ...properties, modelUri: `file://${fixture.data}/certificates` } : properties;
  const version = at(`${kind}/own/versions/1`);
  expect(await call("PUT", version, { properties: own })).toMatchObject({
    properties: { provisioningState: "Creating" },
  });
  await published(version);
  expect((await call("GET", at(`${kind}/own/versions`))).value).toMatchObject([{ name: "1" }]);
  expect(await call("GET", at(`${kind}/own`))).toMatchObject({
    type: `Microsoft.MachineLearningServices/registries/${kind}`,
    properties: { latestVersion: "1" },
  });
  await call("DELETE", version);
  await until(async () => (await call("GET", version).catch(() => "gone")) === "gone");
});

test("answers 409 to the deletion of a registry that has assets", async () => {
  await call("PUT", at("environments/keeps/versions/1"), { properties: { image: "node:24" } });
  await expect(call("DELETE", REGISTRY_ID)).rejects.toEqual(refused(409));
});

test.each([
  {
    what: "a registry that is not there",
    method: "GET" as const,
    path: REGISTRY_ID.replace("shared", "nope"),
    status: 404,
  },
  {
    what: "an asset that is not there",
    method: "GET" as const,
    path: at("models/nope/versions/1"),
    status: 404,
  },
  {
    what: "a model that is to be published and is not there",
    method: "POST" as const,
    path: "models/nope/versions/1/publish",
    status: 404,
  },
  {
    what: "a registry before 2023-04-01",
    method: "GET" as const,
    path: REGISTRY_ID,
    version: "2022-10-01",
    status: 400,
  },
])("answers $status to $what", async ({ method, path, version, status }) => {
  const body = method === "POST" ? { registryName: "shared" } : undefined;
  await expect(call(method, path, body, version ?? NEWEST)).rejects.toEqual(refused(status));
  if (version) fixture.problems.length = 0;
});

test("answers 400 to the publication in a registry that is not there", async () => {
  await registerModel(fixture, "lost", "1", await newModel(fixture));
  await expect(call("POST", "models/lost/versions/1/publish", { registryName: "nope" })).rejects.toEqual(
    refused(400),
  );
});
