import { expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { AT } from "./identity.ts";
import { newModel, registerModel } from "./model.ts";
import { type Fixture, type FixtureOptions, newFolder, start } from "./setup.ts";

const QUICK = { updateIntervalInMs: 1 };
const NEWER = "api-version=2024-04-01";
const ENDPOINT = { location: "westeurope", properties: { authMode: "Key" } };
const TRIPLE =
  "export async function load() { return async ({ input_data: { data } }) => data.map(([value]) => value * 3); }";
const deploymentOf = (model: string, capacity = 1) => ({
  location: "westeurope",
  sku: { name: "Default", capacity },
  properties: {
    endpointComputeType: "Managed" as const,
    model,
    instanceType: "Standard_DS3_v2",
    requestSettings: { requestTimeout: "PT1S" },
  },
});

/** Faults that are taken once each: the first deployments by these names do not provision. */
function failing(...names: string[]): Pick<FixtureOptions, "takeFault"> {
  const armed = new Set(names);
  return {
    takeFault: (target, name) =>
      target === "deployment" && armed.delete(name) ? "OutOfQuota: Not enough quota available." : undefined,
  };
}

/** Endpoint `weather` without deployments. */
const endpoint = ({ client }: Fixture) =>
  client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", ENDPOINT, QUICK);

const deploy = ({ client }: Fixture, name: string, model: string, capacity = 1) =>
  client.onlineDeployments.beginCreateOrUpdateAndWait(
    ...AT,
    "weather",
    name,
    deploymentOf(model, capacity),
    QUICK,
  );

async function setTraffic({ client }: Fixture, traffic: Record<string, number>) {
  const properties = { ...ENDPOINT.properties, traffic };
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(
    ...AT,
    "weather",
    { ...ENDPOINT, properties },
    QUICK,
  );
}

async function score({ client, call }: Fixture, body: unknown, named?: string) {
  const { primaryKey = "" } = await client.onlineEndpoints.listKeys(...AT, "weather");
  return call("POST", "/inference/weather/score", body, {
    authorization: `Bearer ${primaryKey}`,
    ...(named && { "azureml-model-deployment": named }),
  });
}

/** Endpoint `weather` with deployment `blue`; from now on time stands still, and operations take theirs. */
async function servingBlue(provisioning: NonNullable<FixtureOptions["provisioning"]>): Promise<Fixture> {
  const data = await newFolder();
  const before = await start({ data });
  await endpoint(before);
  await deploy(before, "blue", await registerModel(before, "weather", "1", await newModel(before)));
  await before.stop();
  return start({ data, clock: new ManualClock(), provisioning });
}

const rows = (value: unknown) => ({ input_data: { columns: ["max"], index: [0], data: [[value]] } });

test("a deployment that never provisioned serves nobody, whatever traffic it is given", async () => {
  const fixture = await start(failing("blue"));
  const model = await registerModel(fixture, "weather", "1", await newModel(fixture));
  await endpoint(fixture);
  await expect(deploy(fixture, "blue", model)).rejects.toThrow("OutOfQuota");
  await setTraffic(fixture, { blue: 100 });
  expect((await score(fixture, rows(21))).status).toBe(404);
  await deploy(fixture, "blue", model);
  expect((await score(fixture, rows(21))).body).toEqual([42]);
});

test("a deployment whose update failed serves what it did before, after a restart too", async () => {
  const data = await newFolder();
  const before = await start({ data });
  await endpoint(before);
  await deploy(before, "blue", await registerModel(before, "weather", "1", await newModel(before)));
  const broken = await registerModel(
    before,
    "weather",
    "2",
    await newModel(before, 'throw new Error("no weights")'),
  );
  await expect(deploy(before, "blue", broken)).rejects.toThrow("The long-running operation has failed");
  expect((await score(before, rows(21), "blue")).body).toEqual([42]);
  await before.stop();
  const after = await start({ data });
  expect((await score(after, rows(21), "blue")).body).toEqual([42]);
});

test("a deployment that could not be scaled takes no more requests at once than before", async () => {
  // One instance takes 8 of the cores, with what is kept for its upgrade; three would take 16.
  const fixture = await start({ coreQuota: 10 });
  const { client } = fixture;
  await endpoint(fixture);
  await deploy(fixture, "blue", await registerModel(fixture, "weather", "1", await newModel(fixture)));
  const scaled = client.onlineDeployments.beginUpdateAndWait(
    ...AT,
    "weather",
    "blue",
    { sku: { capacity: 3 } },
    QUICK,
  );
  await expect(scaled).rejects.toMatchObject({ message: expect.stringContaining("Not enough quota") });
  const sent = [1, 2, 3].map(() => score(fixture, rows("slow"), "blue"));
  expect((await Promise.race(sent)).status).toBe(429);
  await Promise.all(sent);
});

test("an endpoint of the name of one that was deleted serves nothing of it", async () => {
  const fixture = await start();
  const model = await registerModel(fixture, "weather", "1", await newModel(fixture));
  await endpoint(fixture);
  await deploy(fixture, "blue", model);
  await fixture.client.onlineEndpoints.beginDeleteAndWait(...AT, "weather", QUICK);
  await endpoint(fixture);
  const other = await registerModel(fixture, "weather", "2", await newModel(fixture, TRIPLE));
  await deploy(fixture, "blue", other);
  const { content } = await fixture.client.onlineDeployments.getLogs(...AT, "weather", "blue", {});
  expect((await score(fixture, rows(2), "blue")).body).toEqual([6]);
  expect(content?.split("\n")).toHaveLength(1);
});

test("traffic cannot go to a deployment that is being deleted", async () => {
  const fixture = await servingBlue({ deleteMs: 1_000 });
  expect((await fixture.call("DELETE", "onlineEndpoints/weather/deployments/blue")).status).toBe(202);
  const properties = { ...ENDPOINT.properties, traffic: { blue: 100 } };
  const answer = await fixture.call("PUT", "onlineEndpoints/weather", { ...ENDPOINT, properties });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain("expected none");
});

test("a deployment that is deleted takes its mirrored traffic with it", async () => {
  const fixture = await start();
  const { call, client } = fixture;
  const model = await registerModel(fixture, "weather", "1", await newModel(fixture));
  await endpoint(fixture);
  for (const name of ["blue", "green"]) await deploy(fixture, name, model);
  await setTraffic(fixture, { blue: 100 });
  const properties = { ...ENDPOINT.properties, traffic: { blue: 100 }, mirrorTraffic: { green: 10 } };
  await call("PUT", `onlineEndpoints/weather?${NEWER}`, { ...ENDPOINT, properties });
  await client.onlineDeployments.beginDeleteAndWait(...AT, "weather", "green", QUICK);
  const { body } = await call("GET", `onlineEndpoints/weather?${NEWER}`);
  expect(body.properties).toMatchObject({ traffic: { blue: 100 }, mirrorTraffic: {} });
  expect((await call("PUT", `onlineEndpoints/weather?${NEWER}`, body)).status).toBe(200);
});

test("a deployment is not scaled while its endpoint is busy", async () => {
  const { call } = await servingBlue({ endpointMs: 1_000 });
  await call("PUT", "onlineEndpoints/weather", ENDPOINT);
  const scaled = await call("PATCH", "onlineEndpoints/weather/deployments/blue", { sku: { capacity: 2 } });
  expect(scaled.status).toBe(409);
  expect(JSON.stringify(scaled.body)).toContain("Updating provisioning state");
});

test("an endpoint describes how it is called at its swaggerUri, to those who may call it", async () => {
  const fixture = await start();
  const { call, client } = fixture;
  await endpoint(fixture);
  const { swaggerUri = "", scoringUri = "" } = (await client.onlineEndpoints.get(...AT, "weather"))
    .properties;
  const { primaryKey } = await client.onlineEndpoints.listKeys(...AT, "weather");
  const headers = { authorization: `Bearer ${primaryKey}` };
  const described = await call("GET", swaggerUri, undefined, headers);
  expect(described.status).toBe(200);
  expect(described.body).toMatchObject({ swagger: "2.0", host: new URL(scoringUri).host });
  expect(Object.keys(Object(described.body.paths))).toEqual([new URL(scoringUri).pathname]);
  expect((await call("GET", swaggerUri)).status).toBe(401);
});

test("a body that is no JSON is the model's to refuse, and counted as any other request", async () => {
  const fixture = await start();
  await endpoint(fixture);
  await deploy(fixture, "blue", await registerModel(fixture, "weather", "1", await newModel(fixture)));
  const { primaryKey } = await fixture.client.onlineEndpoints.listKeys(...AT, "weather");
  const answer = await fetch(`${fixture.origin.replace("https", "http")}/inference/weather/score`, {
    method: "POST",
    headers: { authorization: `Bearer ${primaryKey}`, "azureml-model-deployment": "blue" },
    body: "{oops",
  });
  expect(answer.status).toBe(424);
  expect(answer.headers.get("ms-azureml-model-error-statuscode")).toBe("400");
  expect(answer.headers.get("azureml-model-deployment")).toBe("blue");
  expect(fixture.scored).toMatchObject([{ deployment: "blue", statusCode: 424, modelStatusCode: 400 }]);
});
