import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { newModel, registerModel } from "../model.ts";
import { AT, contract, LOCATION, listed, QUICK, raw, refused, WORKSPACE_ID } from "./harness.ts";

const fixture = contract();
const endpoints = () => fixture.client.batchEndpoints;
const deployments = () => fixture.client.batchDeployments;
const ENDPOINT = { location: LOCATION, properties: { authMode: "AADToken" as const } };
const STORE = "azureml://datastores/workspaceblobstore/paths";
let model = "";
let modelFolder = "";

beforeAll(async () => {
  modelFolder = await newModel(fixture);
  model = await registerModel(fixture, "weather", "1", modelFolder);
  const folder = path.join(fixture.data, "datastore/days");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "a.csv"), "max,min\n20,11\n21,12\n");
  await writeFile(path.join(folder, "b.jsonl"), '{"max":30,"min":1}\n');
  await mkdir(path.join(fixture.data, "datastore/bad"), { recursive: true });
  await writeFile(path.join(fixture.data, "datastore/bad/a.csv"), "max\nbad\n");
  await writeFile(path.join(fixture.data, "datastore/bad/b.csv"), "max\n4\n");
});

const deploymentOf = (more: object = {}) => ({
  location: LOCATION,
  properties: {
    model: { referenceType: "Id" as const, assetId: model },
    compute: `${WORKSPACE_ID}/computes/cpu-cluster`,
    ...more,
  },
});

async function make(name: string, more: object = {}) {
  await endpoints().beginCreateOrUpdateAndWait(...AT, name, ENDPOINT, QUICK);
  await deployments().beginCreateOrUpdateAndWait(...AT, name, "blue", deploymentOf(more), QUICK);
  const properties = { ...ENDPOINT.properties, defaults: { deploymentName: "blue" } };
  await endpoints().beginCreateOrUpdateAndWait(...AT, name, { ...ENDPOINT, properties }, QUICK);
}

const invocation = (uri: string, more: object = {}) => ({
  properties: { InputData: { days: { JobInputType: "UriFolder", Uri: uri } }, ...more },
});

async function invoke(name: string, body: object, headers: Record<string, string> = {}) {
  const { properties } = await endpoints().get(...AT, name);
  const answer = await fixture.call("POST", properties.scoringUri ?? "", body, headers);
  const job = String(answer.body.name);
  const end = () =>
    until(async () => {
      const found = await fixture.call("GET", `${properties.scoringUri}/${job}`);
      const { status } = found.body.properties as { status: string };
      return ["Completed", "Failed", "Canceled"].includes(status) ? status : undefined;
    });
  return { ...answer, job, end };
}

const predictions = (job: string, file = "predictions.csv") =>
  readFile(path.join(fixture.data, "jobs", job, "outputs/score", file), "utf8");

test("makes an endpoint and a deployment with the documented defaults", async () => {
  await make("made");
  expect((await endpoints().get(...AT, "made")).properties).toMatchObject({
    provisioningState: "Succeeded",
    defaults: { deploymentName: "blue" },
    scoringUri: expect.stringMatching(/\/inference\/made\/jobs$/),
  });
  expect((await deployments().get(...AT, "made", "blue")).properties).toMatchObject({
    errorThreshold: -1,
    miniBatchSize: 10,
    outputAction: "AppendRow",
    outputFileName: "predictions.csv",
    retrySettings: { maxRetries: 3, timeout: "PT30S" },
  });
});

test("runs the default deployment's model over all files of a folder, as a job of the workspace", async () => {
  await make("scores");
  const { status, job, end, body } = await invoke("scores", invocation(`${STORE}/days/`));
  expect(status).toBe(200);
  expect(body).toMatchObject({ id: `${WORKSPACE_ID}/jobs/${job}`, properties: { jobType: "Pipeline" } });
  expect(await end()).toBe("Completed");
  expect(await predictions(job)).toBe("0,40,a.csv\n1,42,a.csv\n0,60,b.jsonl\n");
  expect((await fixture.client.jobs.get(...AT, job)).properties.status).toBe("Completed");
});

test("runs the deployment that a request names, and writes where it is told to", async () => {
  await make("names");
  await deployments().beginCreateOrUpdateAndWait(
    ...AT,
    "names",
    "green",
    deploymentOf({ outputFileName: "green.csv" }),
    QUICK,
  );
  const OutputData = { score: { JobOutputType: "UriFolder", Uri: `${STORE}/scored/` } };
  const { end } = await invoke("names", invocation(`${STORE}/days/`, { OutputData }), {
    "azureml-model-deployment": "green",
  });
  expect(await end()).toBe("Completed");
  const written = await readFile(path.join(fixture.data, "datastore/scored/green.csv"), "utf8");
  expect(written).toContain("0,40,a.csv");
});

test.each([
  { errorThreshold: -1, status: "Completed" },
  { errorThreshold: 1, status: "Completed" },
  { errorThreshold: 0, status: "Failed" },
])(
  "ends as $status with one failed file when $errorThreshold may fail",
  async ({ errorThreshold, status }) => {
    const name = `errors${errorThreshold === -1 ? "-any" : errorThreshold}`.replace(/(\d)$/, "-$1x");
    await make(name, { errorThreshold, retrySettings: { maxRetries: 0 } });
    const { job, end } = await invoke(name, invocation(`${STORE}/bad/`));
    expect(await end()).toBe(status);
    if (status === "Completed") expect(await predictions(job)).toBe("0,8,b.csv\n");
  },
);

test("takes a model by its place in a store", async () => {
  const at = modelFolder.slice(modelFolder.indexOf("/paths/") + "/paths/".length);
  const datastoreId = `${WORKSPACE_ID}/datastores/workspaceblobstore`;
  await make("by-path", { model: { referenceType: "DataPath", datastoreId, path: at } });
  const { end } = await invoke("by-path", invocation(`${STORE}/days/`));
  expect(await end()).toBe("Completed");
});

test("changes tags of an endpoint, and the description of a deployment", async () => {
  await make("patched");
  await endpoints().beginUpdateAndWait(...AT, "patched", { tags: { a: "1" } }, QUICK);
  await deployments().beginUpdateAndWait(
    ...AT,
    "patched",
    "blue",
    { properties: { description: "new" } },
    QUICK,
  );
  expect((await endpoints().get(...AT, "patched")).tags).toEqual({ a: "1" });
  expect((await deployments().get(...AT, "patched", "blue")).properties.description).toBe("new");
});

test("lists endpoints and deployments, newest first", async () => {
  await make("lists");
  await deployments().beginCreateOrUpdateAndWait(...AT, "lists", "green", deploymentOf(), QUICK);
  expect(await listed(deployments().list(...AT, "lists"))).toEqual(["green", "blue"]);
  expect((await listed(endpoints().list(...AT, { count: 1 })))[0]).toBe("lists");
});

test("hands out keys where keys are what it takes", async () => {
  const body = { ...ENDPOINT, properties: { authMode: "Key" as const } };
  await endpoints().beginCreateOrUpdateAndWait(...AT, "keyed", body, QUICK);
  expect((await endpoints().listKeys(...AT, "keyed")).primaryKey).toEqual(expect.any(String));
  await make("tokened");
  await expect(endpoints().listKeys(...AT, "tokened")).rejects.toEqual(refused(400));
});

test("takes keys when it is made, and shows them to nobody but who asks for them", async () => {
  const keys = { primaryKey: "first-of-my-own", secondaryKey: "second-of-my-own" };
  const body = { ...ENDPOINT, properties: { authMode: "Key" as const, keys } };
  const made = await endpoints().beginCreateOrUpdateAndWait(...AT, "own-keys", body, QUICK);
  expect(JSON.stringify(made)).not.toContain("of-my-own");
  expect(await endpoints().listKeys(...AT, "own-keys")).toEqual(keys);
});

test("deletes a deployment that is not the default, and an endpoint with all of its own", async () => {
  await make("gone");
  await deployments().beginCreateOrUpdateAndWait(...AT, "gone", "green", deploymentOf(), QUICK);
  await expect(deployments().beginDelete(...AT, "gone", "blue")).rejects.toEqual(refused(400));
  await deployments().beginDeleteAndWait(...AT, "gone", "green", QUICK);
  await endpoints().beginDeleteAndWait(...AT, "gone", QUICK);
  await expect(endpoints().get(...AT, "gone")).rejects.toEqual(refused(404));
});

test("leaves a deployment whose model is not there as Failed", async () => {
  await endpoints().beginCreateOrUpdateAndWait(...AT, "broken", ENDPOINT, QUICK);
  const body = deploymentOf({ model: { referenceType: "Id", assetId: "azureml:nope:1" } });
  const made = deployments().beginCreateOrUpdateAndWait(...AT, "broken", "blue", body, QUICK);
  await expect(made).rejects.toThrow("BadArgument");
  expect((await deployments().get(...AT, "broken", "blue")).properties.provisioningState).toBe("Failed");
});

test.each([
  { what: "without data", body: { properties: {} }, headers: {}, status: 400 },
  { what: "with data that is not there", body: invocation("azureml:nope:1"), headers: {}, status: 400 },
  {
    what: "with data of an unknown type",
    body: { properties: { InputData: { a: { JobInputType: "Csv", Uri: "x" } } } },
    headers: {},
    status: 400,
  },
  {
    what: "of a deployment that is not there",
    body: invocation(`${STORE}/days/`),
    headers: { "azureml-model-deployment": "red" },
    status: 404,
  },
  {
    what: "without a token",
    body: invocation(`${STORE}/days/`),
    headers: { authorization: "" },
    status: 401,
  },
])("answers $status to an invocation $what", async ({ body, headers, status }) => {
  if (!(await listed(endpoints().list(...AT))).includes("refuses")) await make("refuses");
  expect((await invoke("refuses", body, headers)).status).toBe(status);
});

test.each([
  {
    what: "a default that is not there",
    at: "batchEndpoints/refused",
    body: { ...ENDPOINT, properties: { ...ENDPOINT.properties, defaults: { deploymentName: "red" } } },
  },
  {
    what: "a scoring script, which is not run here",
    at: "batchEndpoints/made/deployments/red",
    body: deploymentOf({ codeConfiguration: { scoringScript: "s.py" } }),
  },
  {
    what: "a compute that is not there",
    at: "batchEndpoints/made/deployments/red",
    body: deploymentOf({ compute: `${WORKSPACE_ID}/computes/nope` }),
  },
])("answers 400 to $what", async ({ at, body }) => {
  await expect(raw(fixture.client, "PUT", at, body)).rejects.toEqual(refused(400));
});
