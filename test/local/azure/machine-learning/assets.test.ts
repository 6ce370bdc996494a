import { expect, test } from "vitest";
import { AT, WORKSPACE_ID } from "./identity.ts";
import { newFolder, start } from "./setup.ts";

const MODEL = {
  properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/m", modelType: "mlflow_model" },
};

test("announces a registered model in the documented spelling, with its version as a number", async () => {
  const { client, events, problems } = await start();
  const tags = { area: "weather" };
  await client.modelVersions.createOrUpdate(...AT, "weather-max", "20", {
    properties: { ...MODEL.properties, tags, properties: { type: "test" } },
  });
  expect(events).toEqual([
    {
      topic: WORKSPACE_ID,
      subject: "models/weather-max:20",
      eventType: "Microsoft.MachineLearningServices.ModelRegistered",
      eventTime: expect.any(String),
      data: {
        ModelName: "weather-max",
        ModelVersion: 20,
        ModelTags: tags,
        ModelProperties: { type: "test" },
      },
    },
  ]);
  expect(problems).toEqual([]);
});

test("keeps a version as it was made: the same again is taken without an event, other content is refused", async () => {
  const { client, call, events, services } = await start();
  await client.modelVersions.createOrUpdate(...AT, "m", "1", MODEL);
  const again = await call("PUT", "models/m/versions/1", MODEL);
  const other = {
    properties: { ...MODEL.properties, modelUri: "azureml://datastores/workspaceblobstore/paths/n" },
  };
  const refused = await call("PUT", "models/m/versions/1", other);
  expect(again.status).toBe(200);
  expect(refused.status).toBe(409);
  expect(refused.body.error).toMatchObject({
    code: "Conflict",
    message:
      "models/m version '1' already exists with other content, and a version never changes: use a new version.",
  });
  expect(events).toHaveLength(1);
  expect(services[0]?.stats?.()).toMatchObject({ modelsRegistered: 1 });
});

test("lists versions newest first, page by page, without what is archived", async () => {
  const { client, call, problems } = await start();
  for (const version of ["1", "2", "3", "10"]) {
    await client.modelVersions.createOrUpdate(...AT, "m", version, {
      properties: { ...MODEL.properties, isArchived: version === "2" },
    });
  }
  const listed = await Array.fromAsync(
    client.modelVersions.list(...AT, "m", { orderBy: "createdtime desc" }),
  );
  const newest = await call("GET", "models/m/versions?$orderBy=createdtime%20desc&$top=1");
  const archived = await Array.fromAsync(
    client.modelVersions.list(...AT, "m", { listViewType: "ArchivedOnly" }),
  );
  expect(listed.map(({ name }) => name)).toEqual(["10", "3", "1"]);
  expect(newest.body).toEqual({ value: [expect.objectContaining({ name: "10" })] });
  expect(archived.map(({ name }) => name)).toEqual(["2"]);
  expect((await client.modelContainers.get(...AT, "m")).properties).toMatchObject({
    latestVersion: "10",
    nextVersion: "11",
  });
  expect(problems).toEqual([]);
});

test("follows the link to the next page with the real client", async () => {
  const { client, problems } = await start();
  for (const name of ["a", "b", "c"]) await client.modelVersions.createOrUpdate(...AT, name, "1", MODEL);
  const listed = await Array.fromAsync(client.modelContainers.list(...AT, { count: 2 }));
  expect(listed.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(problems).toEqual([]);
});

test("takes data, environments, code and components, each checked for what it needs", async () => {
  const { client, call, problems } = await start();
  await client.dataVersions.createOrUpdate(...AT, "d", "2012-06-01", {
    properties: { dataType: "uri_file", dataUri: "azureml://datastores/workspaceblobstore/paths/d.csv" },
  });
  await client.environmentVersions.createOrUpdate(...AT, "own", "1", { properties: { image: "node:24" } });
  await client.codeVersions.createOrUpdate(...AT, "c", "1", { properties: { codeUri: "file:///tmp" } });
  await client.componentVersions.createOrUpdate(...AT, "k", "1", {
    properties: { componentSpec: { name: "k" } },
  });
  const [data] = await Array.fromAsync(client.dataVersions.list(...AT, "d", { top: 1 }));
  expect(data).toMatchObject({ name: "2012-06-01", properties: { dataType: "uri_file" } });
  for (const container of ["data/d", "environments/own", "codes/c", "components/k"]) {
    expect((await call("GET", container)).status).toBe(200);
  }
  const incomplete = await call("PUT", "data/d/versions/2", { properties: { dataType: "uri_file" } });
  expect(incomplete.status).toBe(400);
  expect(JSON.stringify(incomplete.body)).toContain("properties.dataUri");
  expect(problems).toEqual([]);
});

test("deletes a version once, and says so the second time", async () => {
  const { call } = await start();
  await call("PUT", "models/m/versions/1", MODEL);
  expect((await call("DELETE", "models/m/versions/1")).status).toBe(200);
  expect((await call("DELETE", "models/m/versions/1")).status).toBe(204);
  expect((await call("GET", "models/m/versions/1")).status).toBe(404);
});

test("finds a resource whatever the casing of its path, and keeps the casing it was made with", async () => {
  const { call } = await start();
  await call("PUT", "models/Weather-Max/versions/1", MODEL);
  const found = await call(
    "GET",
    `${WORKSPACE_ID.replace("resourceGroups", "RESOURCEGROUPS")}/MODELS/weather-max/Versions/1`,
  );
  expect(found.body.id).toBe(`${WORKSPACE_ID}/models/Weather-Max/versions/1`);
});

test("raises after a restart the event that could not be raised before", async () => {
  const data = await newFolder();
  const raise = () => {
    throw new Error("no room");
  };
  const before = await start({ data, raise });
  expect((await before.call("PUT", "models/m/versions/1", MODEL)).status).toBe(201);
  await before.stop();
  const after = await start({ data });
  expect(after.events).toMatchObject([{ subject: "models/m:1" }]);
});
