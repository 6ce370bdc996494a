import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { newModel, registerModel } from "../model.ts";
import { AT, contract, LOCATION, QUICK, raw, refused, WORKSPACE_ID } from "./harness.ts";

const fixture = contract();
const EXAMPLES = path.join(
  import.meta.dirname,
  "../../../../specs/machinelearning-2022-10-01/specification/machinelearningservices/resource-manager",
  "Microsoft.MachineLearningServices/stable/2022-10-01/examples",
);
interface Example {
  readonly parameters: { readonly body?: Body };
  readonly responses: Readonly<Record<string, { readonly body?: object }>>;
}
type Body = Readonly<Record<string, unknown>> & { readonly properties: Readonly<Record<string, unknown>> };
const example = (file: string): Example =>
  JSON.parse(readFileSync(path.join(EXAMPLES, `${file}.json`), "utf8"));

const MODEL = "azureml:weather:1";
/** The examples' values are placeholders (`string`); these are what the stand-in can find something behind. */
const REAL: Readonly<Record<string, unknown>> = {
  modelUri: "azureml://datastores/workspaceblobstore/paths/model",
  uri: "azureml://datastores/workspaceblobstore/paths/model",
  location: LOCATION,
  model: MODEL,
  assetId: MODEL,
  computeId: "cpu-cluster",
  command: "true",
  mode: "Upload",
  environmentId: "azureml:env:1",
  instanceType: "Standard_F2s_v2",
  expression: "0 8 * * *",
  timeZone: "UTC",
  startTime: "2026-01-01T00:00:00",
  endTime: "2026-12-31T00:00:00",
  endpointInvocationDefinition: {
    endpointName: "batch",
    properties: { InputData: { data: { JobInputType: "UriFile", Uri: MODEL } } },
  },
};
/** Longer than a managed endpoint lets a request last. */
const SHORT = { requestTimeout: "PT5S" };

function realised(value: unknown, real: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map((item) => realised(item, real));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name in real ? real[name] : realised(inner, real)]),
  );
}

/** The example's body with real values in place of its placeholders, without what is dropped. */
function bodyOf(file: string, { drop = [] as readonly string[], real = {} } = {}): Body {
  const body = realised(example(file).parameters.body, { ...REAL, ...real }) as Body;
  const kept = Object.entries(body.properties).filter(([name]) => !drop.includes(name));
  return { ...body, properties: Object.fromEntries(kept) };
}

/** Names of the members that an answer has, as deep as objects go. */
function membersOf(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    `${at}${name}`,
    ...membersOf(inner, `${at}${name}.`),
  ]);
}

/**
 * What the example answers and the stand-in has nothing to say of, all of it optional: identities of one's own, where an
 * endpoint that is only being made will be called, a job's services of other names, the parameters of its SDK.
 */
const LEFT_OUT = [
  /userAssignedIdentities\./,
  /^properties\.(swaggerUri|scoringUri)$/,
  /^properties\.parameters(\.|$)/,
  /^properties\.services\.string/,
];
function missingOf(
  described: unknown,
  answer: unknown,
  { without = [] as readonly RegExp[] } = {},
): string[] {
  const members = membersOf(answer);
  return membersOf(described)
    .filter((name) => ![...LEFT_OUT, ...without].some((pattern) => pattern.test(name)))
    .filter((name) => !members.includes(name));
}

const settled = (at: string) =>
  until(
    async () => Object((await raw(fixture.client, "GET", at)).properties).provisioningState === "Succeeded",
  );
const makeEndpoint = async (name: string) => {
  const endpoint = { location: LOCATION, properties: { authMode: "Key" } };
  await fixture.client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, name, endpoint, QUICK);
};

beforeAll(async () => {
  await registerModel(fixture, "weather", "1", await newModel(fixture));
  await raw(fixture.client, "PUT", "codes/code/versions/1", {
    properties: { codeUri: `file://${fixture.data}` },
  });
});

test.each([
  { file: "ModelVersion/createOrUpdate", at: "models/example/versions/1" },
  { file: "BatchEndpoint/createOrUpdate", at: "batchEndpoints/batch", drop: ["defaults"] },
  { file: "OnlineEndpoint/createOrUpdate", at: "onlineEndpoints/online", drop: ["traffic", "compute"] },
  { file: "Job/PipelineJob/createOrUpdate", at: "jobs/pipeline" },
  { file: "Job/CommandJob/createOrUpdate", at: "jobs/command", real: { codeId: "azureml:code:1" } },
  { file: "Schedule/createOrUpdate", at: "schedules/schedule" },
])("answers the request of $file 201, in the shape of its answer", async ({ file, at, ...more }) => {
  const answer = await fixture.call("PUT", at, bodyOf(file, more));
  expect(answer.status).toBe(201);
  const without = (more.drop ?? []).map((name) => new RegExp(`^properties\\.${name}(\\.|$)`));
  const given = [...without, /endpointInvocationDefinition\./, /^properties\.resources\.properties\./];
  expect(missingOf(example(file).responses["201"]?.body, answer.body, { without: given })).toEqual([]);
});

const DEPLOYMENT = "OnlineDeployment/ManagedOnlineDeployment/createOrUpdate";

test(`refuses the request of ${DEPLOYMENT} with 400, because it brings a scoring script and lets a request last longer than 180 s`, async () => {
  await makeEndpoint("refuses");
  const at = "onlineEndpoints/refuses/deployments/blue";
  await expect(raw(fixture.client, "PUT", at, bodyOf(DEPLOYMENT))).rejects.toEqual(refused(400, "UserError"));
  const scriptless = raw(fixture.client, "PUT", at, bodyOf(DEPLOYMENT, { drop: ["codeConfiguration"] }));
  await expect(scriptless).rejects.toThrow(
    "properties.requestSettings.requestTimeout is PT5M, expected at most PT180S",
  );
});

test(`answers the request of ${DEPLOYMENT} without those 201, and that of OnlineDeployment/getLogs 200, in the shape of their answers`, async () => {
  await makeEndpoint("deploys");
  const at = "onlineEndpoints/deploys/deployments/blue";
  const made = await fixture.call(
    "PUT",
    at,
    bodyOf(DEPLOYMENT, { drop: ["codeConfiguration"], real: SHORT }),
  );
  expect(made.status).toBe(201);
  const described = example(DEPLOYMENT).responses["201"]?.body;
  // A managed deployment has no identity of its own here: its endpoint's is used.
  expect(missingOf(described, made.body, { without: [/codeConfiguration/, /^identity/] })).toEqual([]);
  await settled(at);
  const { body } = example("OnlineDeployment/getLogs").parameters;
  const logs = await fixture.call("POST", `${at}/getLogs`, body);
  // Its tail is 0: no line.
  expect([logs.status, logs.body]).toEqual([200, { content: "" }]);
});

test("answers the request of OnlineEndpoint/update 202, and then the endpoint in the shape of its answer", async () => {
  await makeEndpoint("updates");
  const { parameters, responses } = example("OnlineEndpoint/update");
  const answer = await fixture.call("PATCH", "onlineEndpoints/updates", parameters.body);
  expect([String(answer.status), Object.keys(responses)]).toEqual(["202", expect.arrayContaining(["202"])]);
  await settled("onlineEndpoints/updates");
  const endpoint = await raw(fixture.client, "GET", "onlineEndpoints/updates");
  // What the example's endpoint was made with, and this one was not.
  const without = [/^properties\.(description|compute|properties\.string|traffic\.string)$/, /^sku/];
  expect(missingOf(responses["200"]?.body, endpoint, { without })).toEqual([]);
});

test("answers the request of Job/cancel as its answers are, to a job that runs and to one that waits", async () => {
  const job = { jobType: "Command", command: "sleep 60", environmentId: "azureml:env:1" };
  const statuses: number[] = [];
  for (const name of ["runs", "runs-too", "waits"]) {
    await fixture.call("PUT", `jobs/${name}`, { properties: job });
    const wanted = name === "waits" ? "Queued" : "Running";
    await until(async () => (await fixture.client.jobs.get(...AT, name)).properties.status === wanted);
  }
  for (const name of ["waits", "runs", "runs-too"]) {
    const answer = await fixture.call("POST", `jobs/${name}/cancel`);
    expect(answer.body).toEqual({});
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([200, 202, 202]);
  expect(Object.keys(example("Job/cancel").responses)).toEqual(["200", "202"]);
});

test.each([
  {
    file: "Workspace/get",
    method: "GET" as const,
    at: WORKSPACE_ID,
    required: [
      "id",
      "name",
      "type",
      "location",
      "identity.principalId",
      "identity.tenantId",
      "identity.type",
      "properties.discoveryUrl",
      "properties.keyVault",
      "properties.storageAccount",
      "properties.applicationInsights",
    ],
  },
  { file: "Compute/list", method: "GET" as const, at: "computes", required: ["value"] },
  {
    file: "OnlineEndpoint/listKeys",
    method: "POST" as const,
    at: "onlineEndpoints/keyed/listKeys",
    required: ["primaryKey", "secondaryKey"],
  },
])(
  "answers the request of $file with the members that a caller reads",
  async ({ file, method, at, required }) => {
    if (at.includes("keyed")) await makeEndpoint("keyed");
    const described = membersOf(example(file).responses["200"]?.body);
    expect(described).toEqual(expect.arrayContaining(required));
    expect(membersOf(await raw(fixture.client, method, at))).toEqual(expect.arrayContaining(required));
  },
);

test("answers the request of Compute/list with computes in the shape of its own", async () => {
  const [described] = Object(example("Compute/list").responses["200"]?.body).value;
  const { value } = await raw(fixture.client, "GET", "computes");
  // Of an attached cluster, which this one is not.
  const without = [/^properties\.(resourceId|description)$/];
  expect(Array.isArray(value) && missingOf(described, value[0], { without })).toEqual([]);
});
