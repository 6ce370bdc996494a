import { beforeAll, describe, expect, test } from "vitest";
import { AT, contract, LOCATION, listed, NEWEST, QUICK, raw, refused, WORKSPACE_ID } from "./harness.ts";
import { ENDPOINT, online } from "./online-fixture.ts";

const faults = new Map<string, string>();
const fixture = contract({
  coreQuota: 100,
  takeFault: (_, name) => {
    const fault = faults.get(name);
    faults.delete(name);
    return fault;
  },
});
const { prepare, endpoints, deployments, deploymentOf, makeEndpoint, setTraffic, score } = online(fixture);

beforeAll(prepare);

describe("online endpoints", () => {
  test("are made with an identity and an address, without traffic", async () => {
    await makeEndpoint("made");
    const { properties, identity } = await endpoints().get(...AT, "made");
    expect(properties).toMatchObject({
      provisioningState: "Succeeded",
      traffic: {},
      publicNetworkAccess: "Enabled",
    });
    expect(properties.scoringUri).toMatch(/\/inference\/made\/score$/);
    expect(identity?.type).toBe("SystemAssigned");
  });

  test.each([
    { orderBy: "CreatedAtAsc", expected: ["order-a", "order-b"] },
    { orderBy: "CreatedAtDesc", expected: ["order-b", "order-a"] },
  ])("are listed in the order $orderBy", async ({ orderBy, expected }) => {
    for (const name of ["order-a", "order-b"]) await makeEndpoint(name);
    const names = await listed(endpoints().list(...AT, { orderBy }));
    expect(names.filter((name) => name?.startsWith("order-"))).toEqual(expected);
  });

  test("are listed page by page, and found by their name", async () => {
    for (const name of ["page-a", "page-b", "page-c"]) await makeEndpoint(name);
    const names = await listed(endpoints().list(...AT, { count: 2 }));
    expect(names).toEqual(expect.arrayContaining(["page-a", "page-b", "page-c"]));
    expect(await listed(endpoints().list(...AT, { name: "page-b" }))).toEqual(["page-b"]);
  });

  test("take tags and an identity by PATCH, and nothing else", async () => {
    await makeEndpoint("patched");
    await endpoints().beginUpdateAndWait(...AT, "patched", { tags: { a: "1" } }, QUICK);
    expect(await endpoints().get(...AT, "patched")).toMatchObject({
      tags: { a: "1" },
      properties: { authMode: "Key", provisioningState: "Succeeded" },
    });
  });

  test("are deleted with their deployments", async () => {
    await makeEndpoint("gone", {}, "blue");
    await endpoints().beginDeleteAndWait(...AT, "gone", QUICK);
    await expect(endpoints().get(...AT, "gone")).rejects.toEqual(refused(404, "UserError"));
    await expect(deployments().get(...AT, "gone", "blue")).rejects.toEqual(refused(404));
  });

  test("hand out keys, and make one anew", async () => {
    await makeEndpoint("keyed");
    const before = await endpoints().listKeys(...AT, "keyed");
    await endpoints().beginRegenerateKeysAndWait(...AT, "keyed", { keyType: "Secondary" }, QUICK);
    const after = await endpoints().listKeys(...AT, "keyed");
    expect(after.primaryKey).toBe(before.primaryKey);
    expect(after.secondaryKey).not.toBe(before.secondaryKey);
  });

  test("are made with the keys that they are given, which no answer shows but that of listKeys", async () => {
    const keys = { primaryKey: "first-of-my-own", secondaryKey: "second-of-my-own" };
    await makeEndpoint("own-keys", { keys });
    expect(await endpoints().listKeys(...AT, "own-keys")).toEqual(keys);
    const made = await endpoints().get(...AT, "own-keys");
    expect(JSON.stringify(made)).not.toContain("of-my-own");
    const again = { ...made, properties: { ...made.properties, keys: { primaryKey: "other-of-my-own" } } };
    await endpoints().beginCreateOrUpdateAndWait(...AT, "own-keys", again, QUICK);
    expect(await endpoints().listKeys(...AT, "own-keys")).toEqual(keys);
  });

  test("hand out a token that tells when it ends, in seconds", async () => {
    await makeEndpoint("tokened", { authMode: "AMLToken" });
    const {
      expiryTimeUtc = 0,
      refreshAfterTimeUtc = 0,
      tokenType,
    } = await endpoints().getToken(...AT, "tokened");
    expect(expiryTimeUtc - refreshAfterTimeUtc).toBe(900);
    expect(tokenType).toBe("Bearer");
  });

  test("goes on with a poller that another client began", async () => {
    const poller = await endpoints().beginCreateOrUpdate(...AT, "resumed", ENDPOINT, QUICK);
    const resumeFrom = poller.toString();
    const resumed = await endpoints().beginCreateOrUpdate(...AT, "resumed", ENDPOINT, {
      ...QUICK,
      resumeFrom,
    });
    expect((await resumed.pollUntilDone()).properties.provisioningState).toBe("Succeeded");
  });

  test.each([
    { what: "a name of two letters", name: "ab", status: 400 },
    { what: "a name that is taken by a batch endpoint", name: "batch-taken", status: 409 },
    {
      what: "a compute that is no Kubernetes cluster",
      name: "on-cluster",
      compute: "cpu-cluster",
      status: 400,
    },
  ])("answer $status to $what", async ({ name, compute, status }) => {
    if (name === "batch-taken") {
      await fixture.client.batchEndpoints.beginCreateOrUpdateAndWait(
        ...AT,
        name,
        { location: LOCATION, properties: { authMode: "AADToken" } },
        QUICK,
      );
    }
    const properties = {
      ...ENDPOINT.properties,
      ...(compute && { compute: `${WORKSPACE_ID}/computes/${compute}` }),
    };
    await expect(endpoints().beginCreateOrUpdate(...AT, name, { ...ENDPOINT, properties })).rejects.toEqual(
      refused(status),
    );
  });
});

describe("online deployments", () => {
  test("are made, told of to Event Grid, and listed newest first", async () => {
    await makeEndpoint("deployed", {}, "blue", "green");
    expect(await listed(deployments().list(...AT, "deployed"))).toEqual(["green", "blue"]);
    expect(await listed(deployments().list(...AT, "deployed", { top: 1 }))).toEqual(["green"]);
    const told = fixture.events.findLast(({ eventType }) => eventType.endsWith("ModelDeployed"));
    expect(told).toMatchObject({
      topic: WORKSPACE_ID,
      subject: "endpoints/deployed",
      data: { ServiceName: "deployed", ServiceComputeType: "Managed", ModelIds: "weather:1" },
    });
  });

  test("get the documented defaults", async () => {
    await makeEndpoint("defaults", {}, "blue");
    expect((await deployments().get(...AT, "defaults", "blue")).properties).toMatchObject({
      requestSettings: { requestTimeout: "PT5S", maxConcurrentRequestsPerInstance: 1 },
      scaleSettings: { scaleType: "Default" },
      appInsightsEnabled: false,
      egressPublicNetworkAccess: "Enabled",
    });
  });

  test("scale by PATCH of their capacity", async () => {
    await makeEndpoint("scaled", {}, "blue");
    await deployments().beginUpdateAndWait(
      ...AT,
      "scaled",
      "blue",
      { sku: { name: "Default", capacity: 3 } },
      QUICK,
    );
    expect((await deployments().get(...AT, "scaled", "blue")).sku?.capacity).toBe(3);
    await deployments().beginDeleteAndWait(...AT, "scaled", "blue", QUICK);
  });

  test("fail to scale beyond the quota, which reserves a fifth for upgrades", async () => {
    await makeEndpoint("greedy", {}, "blue");
    const scaled = deployments().beginUpdateAndWait(
      ...AT,
      "greedy",
      "blue",
      { sku: { name: "Default", capacity: 49 } },
      QUICK,
    );
    // 59 instances of 2 cores, with the reserve, against 100 cores of the family.
    await expect(scaled).rejects.toThrow(/118 cores of standardFSv2Family|OutOfQuota/);
    expect((await deployments().get(...AT, "greedy", "blue")).properties.provisioningState).toBe("Failed");
    await endpoints().beginDeleteAndWait(...AT, "greedy", QUICK);
  });

  test("fail as a long-running operation with its error, and are left as Failed", async () => {
    await makeEndpoint("faulty");
    faults.set("blue", "ImageBuildFailure: The image could not be built.");
    const made = deployments().beginCreateOrUpdateAndWait(...AT, "faulty", "blue", deploymentOf(), QUICK);
    await expect(made).rejects.toThrow("ImageBuildFailure. The image could not be built.");
    expect((await deployments().get(...AT, "faulty", "blue")).properties.provisioningState).toBe("Failed");
    await deployments().beginDeleteAndWait(...AT, "faulty", "blue", QUICK);
    await expect(deployments().get(...AT, "faulty", "blue")).rejects.toEqual(refused(404));
  });

  test("keep how data is collected for those who ask at 2024-04-01", async () => {
    await makeEndpoint("collects");
    const dataCollector = { collections: { model_inputs: { dataCollectionMode: "Enabled" } } };
    const at = "onlineEndpoints/collects/deployments/blue";
    await raw(fixture.client, "PUT", at, deploymentOf({ dataCollector }), NEWEST);
    expect((await raw(fixture.client, "GET", at, undefined, NEWEST)).properties).toMatchObject({
      dataCollector,
    });
    expect((await raw(fixture.client, "GET", at)).properties).not.toHaveProperty("dataCollector");
  });

  test("show their logs and how they can scale", async () => {
    await makeEndpoint("logged", {}, "blue");
    const { content } = await deployments().getLogs(...AT, "logged", "blue", {
      containerType: "InferenceServer",
      tail: 5,
    });
    expect(content).toContain("is loaded");
    expect(await Array.fromAsync(deployments().listSkus(...AT, "logged", "blue"))).toMatchObject([
      { capacity: { minimum: 1, maximum: 50, scaleType: "Manual" } },
    ]);
  });

  test.each([
    { what: "a Kubernetes deployment on a managed endpoint", more: { endpointComputeType: "Kubernetes" } },
    { what: "a model that is no reference", more: { model: "weather" } },
    { what: "a request timeout of four minutes", more: { requestSettings: { requestTimeout: "PT4M" } } },
  ])("answer 400 to $what", async ({ more }) => {
    if (!(await listed(endpoints().list(...AT, { name: "refuses" }))).length) await makeEndpoint("refuses");
    const made = raw(fixture.client, "PUT", "onlineEndpoints/refuses/deployments/blue", deploymentOf(more));
    await expect(made).rejects.toEqual(refused(400));
  });

  test("answer 404 on an endpoint that is not there", async () => {
    await expect(deployments().beginCreateOrUpdate(...AT, "nowhere", "blue", deploymentOf())).rejects.toEqual(
      refused(404),
    );
  });
});

describe("traffic", () => {
  test("moves by PUT of the endpoint, and back to none", async () => {
    await makeEndpoint("traffic", {}, "blue", "green");
    const moved = await setTraffic("traffic", { blue: 90, green: 10 });
    expect(moved.properties.traffic).toEqual({ blue: 90, green: 10 });
    expect((await setTraffic("traffic", {})).properties.traffic).toEqual({});
    expect((await score("traffic", 1)).status).toBe(404);
  });

  test.each([
    { what: "99 percent", traffic: { blue: 99 } },
    { what: "a deployment that is not there", traffic: { red: 100 } },
    { what: "more than 100 percent in one", traffic: { blue: 101 } },
  ])("is refused with 400 for $what", async ({ traffic }) => {
    if (!(await listed(endpoints().list(...AT, { name: "unfair" }))).length)
      await makeEndpoint("unfair", {}, "blue");
    await expect(setTraffic("unfair", traffic)).rejects.toEqual(refused(400));
  });

  test("keeps a deployment from being deleted while it has any", async () => {
    await makeEndpoint("live", {}, "blue");
    await setTraffic("live", { blue: 100 });
    await expect(deployments().beginDelete(...AT, "live", "blue")).rejects.toEqual(refused(400));
    await setTraffic("live", {});
    await deployments().beginDeleteAndWait(...AT, "live", "blue", QUICK);
  });
});
