import { beforeAll, describe, expect, test } from "vitest";
import { until } from "../../../../waiting.ts";
import { AT, contract, LOCATION, listed, NEWEST, QUICK, raw, refused, WORKSPACE_ID } from "./harness.ts";
import { ENDPOINT, online } from "./online-fixture.ts";

const fixture = contract();
const { prepare, endpoints, deployments, deploymentOf, makeEndpoint, setTraffic, score } = online(fixture);

beforeAll(async () => {
  await prepare();
  const properties = {
    computeType: "Kubernetes",
    resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kubernetes/connectedClusters/edge",
  };
  await raw(fixture.client, "PUT", "computes/edge", { location: LOCATION, properties });
  await until(async () => {
    const { properties } = await fixture.client.computeOperations.get(...AT, "edge");
    return properties?.provisioningState === "Succeeded";
  });
});

describe("mirrored traffic", () => {
  const setMirror = async (name: string, mirrorTraffic: object, traffic: object, version = NEWEST) => {
    const properties = { ...ENDPOINT.properties, traffic, mirrorTraffic };
    await raw(fixture.client, "PUT", `onlineEndpoints/${name}`, { ...ENDPOINT, properties }, version);
    await until(
      async () => (await endpoints().get(...AT, name)).properties.provisioningState === "Succeeded",
    );
  };

  test("reaches its deployment, which answers nobody", async () => {
    await makeEndpoint("mirrored", {}, "blue", "green");
    await setMirror("mirrored", { green: 50 }, { blue: 100 });
    fixture.scored.length = 0;
    for (let n = 0; n < 4; n++) {
      const answer = await score("mirrored", n);
      expect(answer.headers.get("azureml-model-deployment")).toBe("blue");
      expect(answer.body).toEqual([n * 2]);
    }
    const at = (name: string) => fixture.scored.filter(({ deployment }) => deployment === name).length;
    await until(() => at("green") === 2);
    expect(at("blue")).toBe(4);
  });

  test("leaves out a request that names its deployment, and a failure of the mirror is nobody's", async () => {
    await makeEndpoint("mirrors", {}, "blue", "green");
    await setMirror("mirrors", { green: 50 }, { blue: 100 });
    fixture.scored.length = 0;
    for (let n = 0; n < 4; n++) await score("mirrors", n, { "azureml-model-deployment": "blue" });
    expect(fixture.scored.map(({ deployment }) => deployment)).toEqual(["blue", "blue", "blue", "blue"]);
  });

  test("is shown since 2023-04-01, and lost with a PUT by a client that does not know it", async () => {
    await makeEndpoint("forgets", {}, "blue", "green");
    await setMirror("forgets", { green: 10 }, { blue: 100 });
    const shown = async () =>
      (await raw(fixture.client, "GET", "onlineEndpoints/forgets", undefined, NEWEST)).properties;
    expect(await shown()).toMatchObject({ mirrorTraffic: { green: 10 } });
    await setTraffic("forgets", { blue: 100 });
    expect(await shown()).toMatchObject({ mirrorTraffic: {} });
  });

  test.each([
    { what: "more than half", mirror: { green: 51 } },
    { what: "two deployments", mirror: { green: 10, blue: 10 } },
    { what: "the deployment with the live traffic", mirror: { blue: 10 } },
    { what: "a deployment that is not there", mirror: { red: 10 } },
  ])("is refused with 400 for $what", async ({ mirror }) => {
    if (!(await listed(endpoints().list(...AT, { name: "cracked" }))).length) {
      await makeEndpoint("cracked", {}, "blue", "green");
    }
    await expect(setMirror("cracked", mirror, { blue: 100 })).rejects.toEqual(refused(400));
  });
});

describe("Kubernetes", () => {
  const compute = `${WORKSPACE_ID}/computes/edge`;
  const onEdge = (more: object = {}) => ({
    location: LOCATION,
    properties: {
      endpointComputeType: "Kubernetes" as const,
      model: `${WORKSPACE_ID}/models/weather/versions/1`,
      containerResourceRequirements: { containerResourceRequests: { cpu: "1", memory: "1Gi" } },
      ...more,
    },
  });

  test("endpoints and deployments serve, at no machine's cost, with status codes of their own", async () => {
    await makeEndpoint("edge-weather", { compute });
    await deployments().beginCreateOrUpdateAndWait(...AT, "edge-weather", "blue", onEdge(), QUICK);
    await endpoints().beginCreateOrUpdateAndWait(
      ...AT,
      "edge-weather",
      { ...ENDPOINT, properties: { ...ENDPOINT.properties, compute, traffic: { blue: 100 } } },
      QUICK,
    );
    expect((await score("edge-weather", 4)).body).toEqual([8]);
    expect((await score("edge-weather", "bad")).status).toBe(502);
    const paid = fixture.usage(0, Date.now() + 1000).map(({ resourceId }) => resourceId);
    expect(paid.filter((id) => id.includes("edge-weather"))).toEqual([]);
  });

  test.each(["Detach", "Delete"] as const)(
    "that has an endpoint on it answers 409 to %s, naming it",
    async (action) => {
      await makeEndpoint("edge-lives", { compute });
      await expect(
        fixture.client.computeOperations.beginDeleteAndWait(...AT, "edge", action, QUICK),
      ).rejects.toMatchObject({
        statusCode: 409,
        code: "Conflict",
        message: expect.stringMatching(
          /^Compute 'edge' has online endpoint '[^']+' on it: delete the endpoint first\.$/,
        ),
      });
      expect((await score("edge-weather", 4)).body).toEqual([8]);
      await endpoints().beginDeleteAndWait(...AT, "edge-lives", QUICK);
    },
  );

  test.each([
    { what: "a managed deployment", body: () => deploymentOf() },
    { what: "a timeout of six minutes", body: () => onEdge({ requestSettings: { requestTimeout: "PT6M" } }) },
  ])("endpoints answer 400 to $what", async ({ body }) => {
    if (!(await listed(endpoints().list(...AT, { name: "edge-refuses" }))).length) {
      await makeEndpoint("edge-refuses", { compute });
    }
    const made = deployments().beginCreateOrUpdate(...AT, "edge-refuses", "blue", body());
    await expect(made).rejects.toEqual(refused(400));
  });

  test("endpoints take no mirrored traffic", async () => {
    await makeEndpoint("edge-mirror", { compute });
    await deployments().beginCreateOrUpdateAndWait(...AT, "edge-mirror", "blue", onEdge(), QUICK);
    const properties = { ...ENDPOINT.properties, compute, mirrorTraffic: { blue: 10 } };
    const put = raw(
      fixture.client,
      "PUT",
      "onlineEndpoints/edge-mirror",
      { ...ENDPOINT, properties },
      NEWEST,
    );
    await expect(put).rejects.toEqual(refused(400));
  });
});
