import { expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { until } from "../../../waiting.ts";
import { AT, WORKSPACE_ID } from "./identity.ts";
import { newModel, registerModel } from "./model.ts";
import { type Fixture, newFolder, start } from "./setup.ts";

const ENDPOINT = { location: "westeurope", properties: { authMode: "Key" } };
const deploymentOf = (model: string) => ({
  location: "westeurope",
  sku: { name: "Default", capacity: 1 },
  properties: { endpointComputeType: "Managed" as const, model, instanceType: "Standard_DS3_v2" },
});
const QUICK = { updateIntervalInMs: 1 };

/** Endpoint `weather` with deployments `blue` and `green`, both of the same model, no traffic. */
async function deployed(fixture: Fixture) {
  const model = await registerModel(fixture, "weather", "1", await newModel(fixture));
  await fixture.client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", ENDPOINT, QUICK);
  for (const name of ["blue", "green"]) {
    await fixture.client.onlineDeployments.beginCreateOrUpdateAndWait(
      ...AT,
      "weather",
      name,
      deploymentOf(model),
      QUICK,
    );
  }
  return model;
}

test("creates an endpoint as a long-running operation whose status a second caller can read", async () => {
  const clock = new ManualClock();
  const { call, problems } = await start({
    clock,
    provisioning: { endpointMs: 1_000 },
    retryAfterSeconds: 10,
  });
  const created = await call("PUT", "onlineEndpoints/weather", ENDPOINT);
  const statusUrl = created.headers.get("azure-asyncoperation") ?? "";
  expect(created.status).toBe(201);
  expect(created.body.properties).toMatchObject({ provisioningState: "Creating", traffic: {} });
  expect(created.headers.get("x-ms-async-operation-timeout")).toBe("PT1H");
  expect(statusUrl).toMatch(/\/locations\/westeurope\/mfeOperationsStatus\/oe:[0-9a-f-]{36}:[0-9a-f-]{36}\?/);

  clock.advance(999);
  const underWay = await call("GET", statusUrl);
  expect(underWay.body).toMatchObject({ status: "InProgress" });
  expect(underWay.headers.get("retry-after")).toBe("10");
  clock.advance(1);
  await until(async () => (await call("GET", statusUrl)).body.status === "Succeeded");
  const made = await call("GET", "onlineEndpoints/weather");
  expect(made.body.properties).toMatchObject({
    provisioningState: "Succeeded",
    scoringUri: expect.stringMatching(/^http:\/\/localhost:\d+\/inference\/weather\/score$/),
  });
  expect(problems).toEqual([]);
});

test("goes on with an unfinished operation after a restart", async () => {
  const data = await newFolder();
  const clock = new ManualClock();
  const before = await start({ data, clock, provisioning: { endpointMs: 1_000 } });
  await before.call("PUT", "onlineEndpoints/weather", ENDPOINT);
  await before.stop();
  const after = await start({ data, clock });
  clock.advance(1_000);
  await until(async () => {
    const { body } = await after.call("GET", "onlineEndpoints/weather");
    return JSON.stringify(body).includes('"provisioningState":"Succeeded"');
  });
});

test("deploys, splits traffic, scales and deletes with the real client, as officially described", async () => {
  const fixture = await start();
  const { client, problems, services } = fixture;
  await deployed(fixture);
  const endpoint = await client.onlineEndpoints.get(...AT, "weather");
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(
    ...AT,
    "weather",
    { ...endpoint, properties: { ...endpoint.properties, traffic: { blue: 90, green: 10 } } },
    QUICK,
  );
  const split = await client.onlineEndpoints.get(...AT, "weather");
  expect(split.properties).toMatchObject({
    traffic: { blue: 90, green: 10 },
    provisioningState: "Succeeded",
  });
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(
    ...AT,
    "weather",
    { ...split, properties: { ...split.properties, traffic: { blue: 100 } } },
    QUICK,
  );
  await client.onlineDeployments.beginUpdate(...AT, "weather", "green", { sku: { capacity: 3 } });
  await until(
    async () => (await client.onlineDeployments.get(...AT, "weather", "green")).sku?.capacity === 3,
  );
  await until(async () => {
    const { properties } = await client.onlineDeployments.get(...AT, "weather", "green");
    return properties.provisioningState === "Succeeded";
  });
  await client.onlineDeployments.beginDelete(...AT, "weather", "green");
  await until(
    async () => (await Array.fromAsync(client.onlineDeployments.list(...AT, "weather"))).length === 1,
  );
  expect(services[0]?.stats?.()).toEqual({
    jobsSubmitted: 0,
    trafficChanges: 2,
    deploymentsCreated: 2,
    deploymentsDeleted: 1,
    modelsRegistered: 1,
  });
  expect(problems).toEqual([]);
});

test("ends a deployment whose model cannot be loaded as Failed, and says why", async () => {
  const fixture = await start();
  const { client } = fixture;
  const model = await registerModel(
    fixture,
    "broken",
    "1",
    await newModel(fixture, 'throw new Error("no weights")'),
  );
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", ENDPOINT, QUICK);
  const made = client.onlineDeployments.beginCreateOrUpdateAndWait(
    ...AT,
    "weather",
    "blue",
    deploymentOf(model),
    QUICK,
  );
  await expect(made).rejects.toThrow(
    "The long-running operation has failed. ResourceNotReady. Deployment 'blue' cannot serve its model: no weights",
  );
  const { properties } = await client.onlineDeployments.get(...AT, "weather", "blue");
  const { content } = await client.onlineDeployments.getLogs(...AT, "weather", "blue", { tail: 10 });
  expect(properties.provisioningState).toBe("Failed");
  expect(content).toContain("no weights");
});

test.each([
  { what: "a sum that is neither 0 nor 100", traffic: { blue: 50 }, says: "sums to 50, expected 0 or 100" },
  {
    what: "an unknown deployment",
    traffic: { red: 100 },
    says: "names deployment 'red', expected one of blue, green",
  },
  { what: "broken percents", traffic: { blue: 99.5, green: 0.5 }, says: "is 99.5, expected a whole number" },
])("refuses traffic with $what", async ({ traffic, says }) => {
  const fixture = await start();
  await deployed(fixture);
  const body = { ...ENDPOINT, properties: { ...ENDPOINT.properties, traffic } };
  const answer = await fixture.call("PUT", "onlineEndpoints/weather", body);
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain(says);
});

test("refuses what would break a live endpoint", async () => {
  const fixture = await start();
  const { call } = fixture;
  const model = await deployed(fixture);
  await call("PUT", "onlineEndpoints/weather", {
    ...ENDPOINT,
    properties: { ...ENDPOINT.properties, traffic: { blue: 100 } },
  });
  const body = deploymentOf(model);
  await until(
    async () => (await call("PUT", "onlineEndpoints/weather/deployments/green", body)).status === 200,
  );
  const live = await call("DELETE", "onlineEndpoints/weather/deployments/blue");
  const resized = await call("PUT", "onlineEndpoints/weather/deployments/blue", {
    ...body,
    properties: { ...body.properties, instanceType: "Standard_F2s_v2" },
  });
  const empty = await call("PUT", "onlineEndpoints/weather/deployments/blue", {
    ...body,
    sku: { name: "Default", capacity: 0 },
  });
  expect([live.status, resized.status, empty.status]).toEqual([400, 400, 400]);
  expect(JSON.stringify(live.body)).toContain("still serves 100% of the traffic");
  expect(JSON.stringify(resized.body)).toContain("cannot be changed after creation");
  expect(JSON.stringify(empty.body)).toContain("sku.capacity: expected at least 1 instance");
});

test("takes one operation at a time", async () => {
  const clock = new ManualClock();
  const { call } = await start({ clock, provisioning: { endpointMs: 1_000 } });
  await call("PUT", "onlineEndpoints/weather", ENDPOINT);
  const again = await call("PUT", "onlineEndpoints/weather", ENDPOINT);
  const model = `${WORKSPACE_ID}/models/weather/versions/1`;
  const early = await call("PUT", "onlineEndpoints/weather/deployments/blue", deploymentOf(model));
  expect(again.status).toBe(409);
  expect(early.status).toBe(409);
  expect(early.body).toMatchObject({
    error: {
      message: "Cannot create a deployment in endpoint weather because it is in Creating provisioning state.",
    },
  });
});

test.each(["ab", "1weather", "a--b", "a".repeat(33)])("refuses the endpoint name %s", async (name) => {
  const { call } = await start();
  expect((await call("PUT", `onlineEndpoints/${name}`, ENDPOINT)).status).toBe(400);
});

test("answers a delete with 202 and a Location that ends in 204, and with 204 when nothing is there", async () => {
  const { call, client } = await start({ retryAfterSeconds: 10 });
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", ENDPOINT, QUICK);
  const deleted = await call("DELETE", "onlineEndpoints/weather");
  expect(deleted.status).toBe(202);
  expect(deleted.headers.get("retry-after")).toBe("10");
  const location = deleted.headers.get("location") ?? "";
  await until(async () => (await call("GET", location)).status === 204);
  expect((await call("DELETE", "onlineEndpoints/weather")).status).toBe(204);
});

test("hands out keys only for authMode Key and tokens only for AMLToken", async () => {
  const { client } = await start();
  const token = { ...ENDPOINT, properties: { authMode: "AMLToken" } };
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "with-key", ENDPOINT, QUICK);
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "with-token", token, QUICK);
  const keys = await client.onlineEndpoints.listKeys(...AT, "with-key");
  await client.onlineEndpoints.beginRegenerateKeys(...AT, "with-key", {
    keyType: "Primary",
    keyValue: "new",
  });
  const issued = await client.onlineEndpoints.getToken(...AT, "with-token");
  expect(await client.onlineEndpoints.listKeys(...AT, "with-key")).toEqual({ ...keys, primaryKey: "new" });
  expect(issued).toMatchObject({ accessToken: expect.any(String), tokenType: "Bearer" });
  await expect(client.onlineEndpoints.getToken(...AT, "with-key")).rejects.toMatchObject({ statusCode: 400 });
  await expect(client.onlineEndpoints.listKeys(...AT, "with-token")).rejects.toMatchObject({
    statusCode: 400,
  });
});
