import { createHmac } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { MachineLearning } from "../../../../shared/azure/machine-learning.ts";
import { PayloadStore } from "../../../../shared/azure/payload-store.ts";
import { openDocuments } from "../../../../shared/azure/tables.ts";
import { eventually } from "../../../waiting.ts";
import { GROUP, SUBSCRIPTION, startCloud } from "../cloud.ts";
import { CURATED } from "../machine-learning/identity.ts";

const cloud = startCloud({
  machineLearning: { provisioning: { endpointMs: 0, deploymentMs: 0, deleteMs: 0 }, retryAfterSeconds: 0 },
});

interface Shown {
  readonly id: number;
  readonly seen: number;
  readonly struck: number;
  readonly state: string;
}

const WORKSPACE = {
  subscriptionId: SUBSCRIPTION,
  resourceGroup: GROUP,
  name: "mlw-outerloop",
  get id() {
    return cloud.azure.workspaceId;
  },
};
/** The product's own adapter of Azure ML, with the retries that it has in production. */
const machineLearning = () =>
  new MachineLearning({ workspace: WORKSPACE, resourceManager: cloud.azure.origin }, cloud.credential);
const connection = () => ({ connectionString: cloud.azure.storageConnectionString });
const documents = () => openDocuments(connection(), cloud.credential, "models", z.object({ n: z.number() }));
const GET_MODEL = "GET */models/*/versions/*";

async function arm(rule: Record<string, unknown>): Promise<number> {
  const { status, body } = await cloud.call("POST", "/_faults", rule);
  expect(status, JSON.stringify(body)).toBe(201);
  return (body as Shown).id;
}
async function armed(): Promise<Shown[]> {
  return ((await cloud.call("GET", "/_faults")).body as { value: Shown[] }).value;
}
/** Counts the calls of an operation without disturbing them: a fault whose turn never comes. */
async function countCalls(operation: string, service = "azure"): Promise<() => Promise<number>> {
  const id = await arm({ operation, service, effect: "drop", nth: 1_000_000 });
  return async () => (await armed()).find((fault) => fault.id === id)?.seen ?? -1;
}

/** Lets the network have its say while the timers stand still. */
const settle = async () => {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
/** The SDKs' waits take no time: the timers that are due next run at once, however far away. */
async function withoutWaiting<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  work.then(
    () => (isDone = true),
    () => (isDone = true),
  );
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(100);
  }
  return work;
}
/** A request with a signature of the development account, by the client of its own service. */
async function fetchSigned(url: string): Promise<Response> {
  const { pathname, search } = new URL(url);
  const date = new Date().toUTCString();
  const version = "2021-12-02";
  const key = /AccountKey=([^;]+)/.exec(cloud.azure.storageConnectionString)?.[1] ?? "";
  const isTable = url.includes("/Tables");
  const resource = `/devstoreaccount1${pathname}`;
  const text = isTable
    ? `${date}\n${resource}`
    : `GET${"\n".repeat(12)}x-ms-date:${date}\nx-ms-version:${version}\n${resource}\ncomp:list`;
  const signature = createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
  const scheme = isTable ? "SharedKeyLite" : "SharedKey";
  const headers = {
    "x-ms-date": date,
    "x-ms-version": version,
    authorization: `${scheme} devstoreaccount1:${signature}`,
  };
  return fetch(`${url.split("?")[0]}${search}`, { headers });
}
const freezeTimers = () => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await cloud.call("DELETE", "/_faults");
});

describe("the product's adapter of Azure ML", () => {
  test("waits as long as Retry-After says after a 429, then has its answer", async () => {
    const adapter = machineLearning();
    await adapter.getModelVersion("warm-up", "1");
    const calls = await countCalls(GET_MODEL);
    await arm({ operation: GET_MODEL, effect: { status: 429, retryAfterSeconds: 7 } });
    freezeTimers();
    const asked = adapter.getModelVersion("weather", "1");
    await settle();
    await vi.advanceTimersByTimeAsync(6_999);
    await settle();
    expect(await calls()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asked).toBeNull();
    expect(await calls()).toBe(2);
  });

  test("is told at once of a 429 without Retry-After, in Resource Manager's words", async () => {
    const calls = await countCalls(GET_MODEL);
    await arm({ operation: GET_MODEL, effect: { status: 429 } });
    await expect(machineLearning().getModelVersion("weather", "1")).rejects.toMatchObject({
      statusCode: 429,
      code: "SubscriptionRequestsThrottled",
    });
    expect(await calls()).toBe(1);
  });

  test.each([500, 503] as const)("gets over three answers of %i", async (status) => {
    const calls = await countCalls(GET_MODEL);
    await arm({ operation: GET_MODEL, effect: { status }, times: 3 });
    freezeTimers();
    expect(await withoutWaiting(machineLearning().getModelVersion("weather", "1"))).toBeNull();
    vi.useRealTimers();
    expect(await calls()).toBe(4);
  });

  test("gives up after four answers of 503, with the service's own code", async () => {
    await arm({ operation: GET_MODEL, effect: { status: 503 }, times: 4 });
    freezeTimers();
    await expect(withoutWaiting(machineLearning().getModelVersion("weather", "1"))).rejects.toMatchObject({
      statusCode: 503,
      code: "ServiceUnavailable",
    });
  });

  test("tries again after a connection that was dropped", async () => {
    const calls = await countCalls(GET_MODEL);
    await arm({ operation: GET_MODEL, effect: "drop" });
    freezeTimers();
    expect(await withoutWaiting(machineLearning().getModelVersion("weather", "1"))).toBeNull();
    vi.useRealTimers();
    expect(await calls()).toBe(2);
  });

  test("registers a model once when the answer to the first attempt is lost", async () => {
    const operation = "PUT */models/*/versions/*";
    const calls = await countCalls(operation);
    await arm({ operation, effect: "drop-answer" });
    freezeTimers();
    const content = { uri: "azureml://datastores/d/paths/p", description: "", tags: {}, properties: {} };
    await withoutWaiting(machineLearning().registerModel("lost-answer", "1", content));
    vi.useRealTimers();
    expect(await calls()).toBe(2);
    expect(await machineLearning().getModelVersion("lost-answer", "1")).toMatchObject({
      uri: "azureml://datastores/d/paths/p",
    });
  });

  test("ends a call that hangs by its own timeout", async () => {
    const calls = await countCalls(GET_MODEL);
    await arm({ operation: GET_MODEL, effect: "hang" });
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const asked: number[] = [];
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      asked.push(ms);
      // A thousand times faster than the 60 s of every call to Azure.
      return timeout(ms / 1_000);
    });
    await expect(machineLearning().getModelVersion("weather", "1")).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(asked).toContain(60_000);
    expect(await calls()).toBe(1);
  });

  test("says that an answer cut off in the middle is no JSON", async () => {
    const content = { uri: "azureml://datastores/d/paths/p", description: "", tags: {}, properties: {} };
    await machineLearning().registerModel("cut", "1", content);
    await arm({ operation: GET_MODEL, effect: "invalidJson" });
    await expect(machineLearning().getModelVersion("cut", "1")).rejects.toMatchObject({
      code: "PARSE_ERROR",
    });
  });

  test("waits for an answer that is late", async () => {
    await arm({ operation: GET_MODEL, effect: { delayMs: 60 } });
    const began = performance.now();
    expect(await machineLearning().getModelVersion("weather", "1")).toBeNull();
    expect(performance.now() - began).toBeGreaterThanOrEqual(59);
  });
});

describe("the product's documents and payloads", () => {
  test("are written once when tables are busy and a connection is dropped", async () => {
    const calls = await countCalls("POST /$batch", "tables");
    await arm({ service: "tables", operation: "POST /$batch", effect: { status: 503 } });
    await arm({ service: "tables", operation: "POST /$batch", effect: "drop" });
    freezeTimers();
    const store = documents();
    expect(await withoutWaiting(store.insert({ partition: "p", row: "busy" }, { n: 1 }))).toBe(true);
    vi.useRealTimers();
    expect(await calls()).toBe(3);
    expect((await store.get({ partition: "p", row: "busy" }))?.value).toEqual({ n: 1 });
  });

  test("are told of a lost answer by the second attempt's conflict", async () => {
    const store = documents();
    await store.get({ partition: "p", row: "none" });
    await arm({ service: "tables", operation: "POST /$batch", effect: "drop-answer" });
    freezeTimers();
    expect(await withoutWaiting(store.insert({ partition: "p", row: "lost" }, { n: 2 }))).toBe(false);
    vi.useRealTimers();
    expect((await store.get({ partition: "p", row: "lost" }))?.value).toEqual({ n: 2 });
  });

  test("reach blobs that fail first", async () => {
    const calls = await countCalls("PUT /bodies/*", "blobs");
    await arm({ service: "blobs", operation: "PUT /bodies/*", effect: { status: 500 }, times: 2 });
    const store = new PayloadStore(connection(), cloud.credential, "bodies");
    freezeTimers();
    await withoutWaiting(store.put("a", Buffer.from("bytes")));
    vi.useRealTimers();
    expect(await calls()).toBe(3);
    expect(Buffer.from(await store.get("a")).toString()).toBe("bytes");
  });

  test.each([
    {
      service: "tables",
      // The stand-in's tables name the code in the body alone.
      header: null,
      body: '{"odata.error":{"code":"ServerBusy","message":{"lang":"en-US","value":"The server is busy.',
      url: () => `http://127.0.0.1:${cloud.azure.tablePort}/devstoreaccount1/Tables`,
    },
    {
      service: "blobs",
      header: "ServerBusy",
      body: "<Error><Code>ServerBusy</Code><Message>The server is busy.",
      url: () => `http://127.0.0.1:${cloud.azure.blobPort}/devstoreaccount1/?comp=list`,
    },
  ])("are refused by $service in the service's own form", async ({ service, header, body, url }) => {
    await arm({ service, effect: { status: 503, retryAfterSeconds: 3 } });
    // A request without a signature is refused before: the fault is still armed for the one with a signature.
    expect((await fetch(url())).status).toBe(403);
    const [rule] = await armed();
    expect(rule).toMatchObject({ seen: 0 });
    const signed = await fetchSigned(url());
    expect(signed.status).toBe(503);
    expect(signed.headers.get("x-ms-error-code")).toBe(header);
    expect(signed.headers.get("retry-after")).toBe("3");
    expect(await signed.text()).toContain(body);
  });
});

describe("Azure ML, told to fail", () => {
  const at = [GROUP, "mlw-outerloop"] as const;
  const quick = { updateIntervalInMs: 20 };

  test("does not provision the deployment that is named, and provisions it when it is asked again", async () => {
    const adapter = machineLearning();
    const content = { uri: "azureml://datastores/d/paths/p", description: "", tags: {}, properties: {} };
    await adapter.registerModel("served", "1", content);
    const { onlineEndpoints, onlineDeployments } = adapter.client;
    const endpoint = { location: "westeurope", properties: { authMode: "Key" } };
    await onlineEndpoints.beginCreateOrUpdateAndWait(...at, "weather", endpoint, quick);
    await arm({ deployment: "bl*", message: "OutOfQuota: Not enough quota for Standard_DS3_v2." });
    const properties = {
      endpointComputeType: "Managed" as const,
      model: adapter.modelId("served", "1"),
      instanceType: "Standard_DS3_v2",
    };
    const deployment = {
      location: "westeurope",
      sku: { name: "Default", capacity: 1 },
      properties,
    };
    await expect(
      onlineDeployments.beginCreateOrUpdateAndWait(...at, "weather", "blue", deployment, quick),
    ).rejects.toThrow("OutOfQuota. Not enough quota for Standard_DS3_v2.");
    expect(await armed()).toMatchObject([{ seen: 1, struck: 1, state: "spent" }]);
    const found = await onlineDeployments.get(...at, "weather", "blue");
    expect(found.properties.provisioningState).toBe("Failed");
  });

  test("lets the job die that is named", async () => {
    await arm({ job: "retrain-*", message: "The node ran out of disk." });
    const adapter = machineLearning();
    const properties = { jobType: "Command", environmentId: CURATED, command: "true" };
    await adapter.submitJob("retrain-1", properties);
    await eventually(async () =>
      expect(await adapter.getJob("retrain-1")).toMatchObject({ status: "Failed", isCompleted: false }),
    );
  });

  test("lets the job stand still that is named, in the status that was asked for", async () => {
    await arm({ job: "retrain-*", effect: { status: "Paused", forMs: 600_000 } });
    const adapter = machineLearning();
    const properties = { jobType: "Command", environmentId: CURATED, command: "sleep 60" };
    await adapter.submitJob("retrain-2", properties);
    await eventually(async () =>
      expect(await adapter.getJob("retrain-2")).toMatchObject({ status: "Paused" }),
    );
    expect(await armed()).toMatchObject([{ kind: "standstill", struck: 1, state: "spent" }]);
  });
});

describe("/_faults", () => {
  test("counts each call that fits and strikes from the nth on, so often as it was told", async () => {
    await arm({ operation: "GET /mailbox.json", effect: { status: 500 }, nth: 2, times: 2 });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await cloud.call("GET", "/mailbox.json")).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
    expect(await armed()).toMatchObject([{ seen: 3, struck: 2, state: "spent" }]);
  });

  test("lets the older of two faults strike first, and the other one at the next call", async () => {
    await arm({ operation: "GET /mailbox.json", effect: { status: 429, retryAfterSeconds: 1 } });
    await arm({ operation: "GET /mailbox*", effect: { status: 503 } });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await cloud.call("GET", "/mailbox.json")).status);
    expect(statuses).toEqual([429, 503, 200]);
  });

  test("keeps faults and their counts over a restart", async () => {
    const id = await arm({ operation: "GET /mailbox.json", effect: { status: 500 }, nth: 2 });
    await cloud.call("GET", "/mailbox.json");
    await cloud.restart();
    expect(await armed()).toMatchObject([{ id, seen: 1, struck: 0, state: "armed" }]);
    expect((await cloud.call("GET", "/mailbox.json")).status).toBe(500);
  });

  test("disarms one, or all, and says which is not there", async () => {
    const id = await arm({ operation: "GET /mailbox.json", effect: { status: 500 } });
    await arm({ job: "*", message: "out of memory" });
    expect((await cloud.call("DELETE", `/_faults/${id}`)).status).toBe(204);
    expect(await cloud.call("DELETE", `/_faults/${id}`)).toMatchObject({
      status: 404,
      body: { error: { message: `There is no fault '${id}': GET /_faults lists them.` } },
    });
    expect((await cloud.call("GET", "/mailbox.json")).status).toBe(200);
    expect((await cloud.call("DELETE", "/_faults")).body).toEqual({ disarmed: 1 });
    expect(await armed()).toEqual([]);
  });

  test("refuses what it does not understand with 400, the wrong method with 405, text with 415", async () => {
    expect(await cloud.call("POST", "/_faults", { operation: "GET *", effect: "explode" })).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidFault", message: expect.stringContaining("effect: expected 'hang'") } },
    });
    expect((await cloud.call("PUT", "/_faults", {})).status).toBe(405);
    const init = { method: "POST", body: '{"operation":"* *","effect":"drop"}' };
    expect((await fetch(`${cloud.azure.httpOrigin}/_faults`, init)).status).toBe(415);
    expect(await armed()).toEqual([]);
  });

  test("spares the stand-in's own paths, so that it can always be disarmed", async () => {
    await arm({ operation: "* *", effect: { status: 500 }, times: 100 });
    expect((await fetch(`${cloud.azure.httpOrigin}/_stats`)).status).toBe(200);
    expect(await (await fetch(`${cloud.azure.httpOrigin}/_faults`)).json()).toMatchObject({
      value: [{ seen: 0 }],
    });
  });

  test.each([
    { at: "/v2/weather/manifests/1", body: { errors: [{ code: "UNAVAILABLE" }] } },
    { at: "/mlflow/v1.0/x/api/2.0/mlflow/runs/get", body: { error_code: "TEMPORARILY_UNAVAILABLE" } },
    { at: "/providers/Microsoft.ResourceGraph/resources", body: { error: { code: "ServiceUnavailable" } } },
    { at: "/msi/token?resource=x", body: { statusCode: 503 } },
  ])("words a 503 of $at as that service does", async ({ at, body }) => {
    await arm({ operation: `GET ${at.split("?")[0]}`, effect: { status: 503 } });
    const answer = await fetch(`${cloud.azure.httpOrigin}${at}`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject(body);
  });

  test("ends what hangs when the stand-in stops", async () => {
    await arm({ operation: "GET /mailbox.json", effect: "hang" });
    const hanging = fetch(`${cloud.azure.httpOrigin}/mailbox.json`).catch((error: unknown) => error);
    await eventually(async () => expect(await armed()).toMatchObject([{ struck: 1 }]));
    await cloud.restart();
    expect(await hanging).toBeInstanceOf(TypeError);
  });
});
