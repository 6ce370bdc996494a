import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { until } from "../../../waiting.ts";
import { AT, WORKSPACE_ID } from "./identity.ts";
import { newModel, registerModel } from "./model.ts";
import { type Answer, type Fixture, newFolder, start } from "./setup.ts";

const QUICK = { updateIntervalInMs: 1 };
const body = (value: unknown) => ({
  input_data: { columns: ["max", "min"], index: [0], data: [[value, 1]] },
});

interface Serving {
  readonly traffic?: Record<string, number>;
  readonly authMode?: string;
}

/** Endpoint `weather` with deployments `blue` and `green`; answers a call of it with its key. */
async function serve(fixture: Fixture, { traffic = { blue: 100 }, authMode = "Key" }: Serving = {}) {
  const { client, call } = fixture;
  const endpoint = { location: "westeurope", properties: { authMode } };
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", endpoint, QUICK);
  for (const [index, name] of ["blue", "green"].entries()) {
    const model = await registerModel(fixture, "weather", String(index + 1), await newModel(fixture));
    const properties = { endpointComputeType: "Managed" as const, model };
    await client.onlineDeployments.beginCreateOrUpdateAndWait(
      ...AT,
      "weather",
      name,
      { location: "westeurope", properties },
      QUICK,
    );
  }
  const split = { ...endpoint, properties: { ...endpoint.properties, traffic } };
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, "weather", split, QUICK);
  const key = authMode === "Key" ? (await client.onlineEndpoints.listKeys(...AT, "weather")).primaryKey : "";
  return (value: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    call("POST", "/inference/weather/score", body(value), { authorization: `Bearer ${key}`, ...headers });
}

test("answers what the model predicts, tells which deployment did, and leaves what the traffic log has", async () => {
  const fixture = await start();
  const score = await serve(fixture);
  const answer = await score(21);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual([42]);
  expect(answer.headers.get("azureml-model-deployment")).toBe("blue");
  expect(fixture.scored).toEqual([
    {
      endpointId: `${WORKSPACE_ID}/onlineEndpoints/weather`,
      deployment: "blue",
      at: expect.any(Number),
      statusCode: 200,
      modelStatusCode: 200,
      durationMs: expect.any(Number),
      log: {
        method: "POST",
        path: "/score",
        protocol: "HTTP/1.1",
        authType: "Key",
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        clientRequestId: "",
        userAgent: "node",
        requestBytes: expect.any(Number),
        // "[42]"
        responseBytes: 4,
        reason: "",
        modelReason: "",
      },
    },
  ]);
});

test("gives each deployment exactly its share of the traffic", async () => {
  const fixture = await start();
  const score = await serve(fixture, { traffic: { blue: 90, green: 10 } });
  const deployments: (string | null)[] = [];
  for (let n = 0; n < 20; n++) deployments.push((await score(n)).headers.get("azureml-model-deployment"));
  expect(deployments.filter((name) => name === "green")).toHaveLength(2);
});

test("sends a request to the deployment it names, whatever its share, each with a module of its own", async () => {
  const score = await serve(await start());
  await score("count", { "azureml-model-deployment": "blue" });
  const green = await score("count", { "azureml-model-deployment": "green" });
  expect(green.headers.get("azureml-model-deployment")).toBe("green");
  expect(green.body).toEqual([1]);
});

test.each([
  { what: "a wrong key", serving: {}, headers: { authorization: "Bearer nope" }, status: 401 },
  { what: "no traffic at all", serving: { traffic: {} }, headers: {}, status: 404 },
  { what: "an unknown deployment", serving: {}, headers: { "azureml-model-deployment": "red" }, status: 404 },
])("answers $status for $what", async ({ serving, headers, status }) => {
  const score = await serve(await start(), serving);
  expect((await score(1, headers)).status).toBe(status);
});

test("answers 424 with the model's own status when the model throws", async () => {
  const fixture = await start();
  const score = await serve(fixture);
  const answer = await score("bad");
  expect(answer.status).toBe(424);
  expect(answer.headers.get("ms-azureml-model-error-statuscode")).toBe("500");
  expect(answer.headers.get("ms-azureml-model-error-reason")).toBe("cannot%20double%20'bad'");
  expect(fixture.scored).toMatchObject([{ statusCode: 424, modelStatusCode: 500 }]);
});

test("answers 408 when the model takes too long, and 429 when too many requests are pending", async () => {
  const clock = new ManualClock();
  const data = await newFolder();
  const before = await start({ data });
  await serve(before);
  const { primaryKey = "" } = await before.client.onlineEndpoints.listKeys(...AT, "weather");
  await before.stop();
  const fixture = await start({ data, clock });
  const score = () =>
    fixture.call("POST", "/inference/weather/score", body("slow"), { authorization: `Bearer ${primaryKey}` });
  // A model that waits lets two requests pend; the third is turned away at once, the two wait for the clock.
  const sent = [score(), score(), score()];
  const first = await Promise.race(sent);
  expect(first.status).toBe(429);
  expect(first.body).toMatchObject({ message: expect.stringContaining("expected fewer than 2") });
  clock.advance(5_000);
  const statuses = (await Promise.all(sent)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([408, 408, 429]);
});

test("takes the tokens of an AMLToken endpoint for an hour", async () => {
  const clock = new ManualClock();
  const data = await newFolder();
  const before = await start({ data });
  await serve(before, { authMode: "AMLToken" });
  await before.stop();
  const fixture = await start({ data, clock });
  const { accessToken } = await fixture.client.onlineEndpoints.getToken(...AT, "weather");
  const score = () =>
    fixture.call("POST", "/inference/weather/score", body(1), { authorization: `Bearer ${accessToken}` });
  expect((await score()).status).toBe(200);
  clock.advance(3_600_000);
  expect((await score()).status).toBe(401);
});

test("collects inputs and outputs under the caller's own request id", async () => {
  const clock = new ManualClock(Date.UTC(2012, 6, 3, 9));
  const data = await newFolder();
  const before = await start({ data });
  await serve(before);
  const { primaryKey = "" } = await before.client.onlineEndpoints.listKeys(...AT, "weather");
  await before.stop();
  const fixture = await start({ data, clock });
  const id = "2012-07-03/station-3";
  await fixture.call("POST", "/inference/weather/score", body(3), {
    authorization: `Bearer ${primaryKey}`,
    "x-ms-client-request-id": id,
  });
  await fixture.stop();
  const line = async (collection: string) => {
    const at = `datastore/modelDataCollector/weather/blue/${collection}/2012/07/03/09/instance-0.jsonl`;
    return JSON.parse(await readFile(path.join(data, at), "utf8"));
  };
  expect(await line("model_inputs")).toMatchObject({
    type: "azureml.inference.inputs",
    source: `${WORKSPACE_ID}/onlineEndpoints/weather/deployments/blue`,
    time: "2012-07-03T09:00:00.000Z",
    correlationid: id,
    data: [{ max: 3, min: 1 }],
  });
  expect(await line("model_outputs")).toMatchObject({ correlationid: id, data: [{ prediction: 6 }] });
});

test("collects nothing of a collection that a deployment's collector does not enable", async () => {
  const fixture = await start();
  const score = await serve(fixture);
  const at = "onlineEndpoints/weather/deployments/blue?api-version=2024-04-01";
  const { body: before } = await fixture.call("GET", at);
  const collections = { model_inputs: { dataCollectionMode: "Enabled" }, model_outputs: {} };
  const properties = { ...Object(before.properties), dataCollector: { collections } };
  expect((await fixture.call("PUT", at, { ...before, properties })).body).toMatchObject({
    properties: {
      dataCollector: {
        collections: {
          model_inputs: { dataCollectionMode: "Enabled", samplingRate: 1 },
          model_outputs: { dataCollectionMode: "Disabled", samplingRate: 1 },
        },
        rollingRate: "Hour",
      },
    },
  });
  await until(async () => {
    const { provisioningState } = Object((await fixture.call("GET", at)).body.properties);
    return provisioningState === "Succeeded";
  });
  await score(1);
  await fixture.stop();
  const folder = path.join(fixture.data, "datastore/modelDataCollector/weather/blue");
  const files = await Array.fromAsync(glob("**/*.jsonl", { cwd: folder }));
  expect(files.map((file) => file.split(path.sep)[0])).toEqual(["model_inputs"]);
});

test("fills in the settings of requests that a deployment leaves out", async () => {
  const fixture = await start();
  await serve(fixture);
  const at = "onlineEndpoints/weather/deployments/blue";
  const { body: before } = await fixture.call("GET", at);
  const properties = { ...Object(before.properties), requestSettings: { requestTimeout: "PT10S" } };
  const { body } = await fixture.call("PUT", at, { ...before, properties });
  expect(Object(body.properties).requestSettings).toEqual({
    requestTimeout: "PT10S",
    maxConcurrentRequestsPerInstance: 1,
    maxQueueWait: "PT0.5S",
  });
});

test("collects the share of requests that a deployment asks for, inputs and outputs of the same ones", async () => {
  const fixture = await start();
  const score = await serve(fixture);
  const at = "onlineEndpoints/weather/deployments/blue?api-version=2024-04-01";
  const { body: before } = await fixture.call("GET", at);
  const half = { dataCollectionMode: "Enabled", samplingRate: 0.5 };
  const collections = { model_inputs: half, model_outputs: half };
  const properties = { ...Object(before.properties), dataCollector: { collections } };
  expect((await fixture.call("PUT", at, { ...before, properties })).status).toBe(200);
  await until(async () => {
    const { provisioningState } = Object((await fixture.call("GET", at)).body.properties);
    return provisioningState === "Succeeded";
  });
  const total = 40;
  for (let n = 0; n < total; n++) await score(n);
  await fixture.stop();
  const ids = async (collection: string) => {
    const folder = path.join(fixture.data, "datastore/modelDataCollector/weather/blue", collection);
    const files = await Array.fromAsync(glob("**/*.jsonl", { cwd: folder }));
    const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), "utf8")));
    return texts.flatMap((text) =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).correlationid),
    );
  };
  const inputs = await ids("model_inputs");
  expect(inputs.length).toBeGreaterThan(0);
  expect(inputs.length).toBeLessThan(total);
  expect(await ids("model_outputs")).toEqual(inputs);
});
