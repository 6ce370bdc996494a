import { readFileSync } from "node:fs";
import path from "node:path";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseModelEvent } from "../../../../shared/signals/parse.ts";
import { eventually } from "../../../waiting.ts";
import { GROUP, SUBSCRIPTION, startCloud } from "../cloud.ts";
import { startSubscriber } from "../event-grid/subscriber.ts";
import { newModel } from "../machine-learning/model.ts";

const cloud = startCloud({
  machineLearning: { provisioning: { endpointMs: 0, deploymentMs: 0, deleteMs: 0 }, retryAfterSeconds: 0 },
});
const QUICK = { updateIntervalInMs: 20 };
const AT = [GROUP, "mlw-outerloop"] as const;
const TOPICS = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.EventGrid/systemTopics`;
const PREFIX = "Microsoft.ResourceNotifications";

interface Told {
  readonly eventType: string;
  readonly eventTime: string;
  readonly subject: string;
  readonly data: Record<string, unknown>;
}
let hook: Awaited<ReturnType<typeof startSubscriber>>;
let ml: AzureMachineLearningWorkspaces;
const endpointId = (name: string) => `${cloud.azure.workspaceId}/onlineEndpoints/${name}`;

/** What has come of the topic `name`, once there are `count` of it. */
async function told(name: string, count: number): Promise<Told[]> {
  const found = () =>
    hook.notifications
      .flatMap(({ body }) => body as Told[])
      .filter(({ eventType }) => eventType.startsWith(`${PREFIX}.${name}.`));
  await eventually(() => expect(found().length).toBeGreaterThanOrEqual(count));
  return found().sort((a, b) => a.eventTime.localeCompare(b.eventTime));
}

beforeAll(async () => {
  hook = await startSubscriber();
  ml = new AzureMachineLearningWorkspaces(cloud.credential, SUBSCRIPTION, { endpoint: cloud.azure.origin });
  const version = "?api-version=2022-06-15";
  const endpointUrl = `http://127.0.0.1:${hook.port}/hook`;
  for (const name of ["Resources", "HealthResources"]) {
    const topic = `${TOPICS}/${name}`;
    const source = `/subscriptions/${SUBSCRIPTION}`;
    await cloud.call("PUT", `${topic}${version}`, {
      location: "global",
      properties: { source, topicType: `${PREFIX}.${name}` },
    });
    const subscription = `${topic}/eventSubscriptions/all${version}`;
    await cloud.call("PUT", subscription, {
      properties: { destination: { endpointType: "WebHook", properties: { endpointUrl } } },
    });
    await eventually(async () =>
      expect((await cloud.call("GET", subscription)).body).toMatchObject({
        properties: { provisioningState: "Succeeded" },
      }),
    );
  }
});
afterAll(() => hook.stop());
beforeEach(() => {
  hook.received.length = 0;
});

const makeEndpoint = (name: string, tags = {}) =>
  ml.onlineEndpoints.beginCreateOrUpdateAndWait(
    ...AT,
    name,
    { location: "westeurope", tags, properties: { authMode: "Key" } },
    QUICK,
  );

/** All keys of a document, nested ones with dots, but those below `properties`, which each publisher has of its own. */
const shapeOf = (document: object): string[] =>
  Object.entries(document).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && !["properties", "tags"].includes(key)
      ? shapeOf(value).map((rest) => `${key}.${rest}`)
      : [key],
  );
const published = (name: string) =>
  JSON.parse(readFileSync(`test/fixtures/events/eventgrid-resourcenotifications-${name}.json`, "utf8"));

describe("a resource", () => {
  test("that is made, changed or deleted is told of once each, in the published shape", async () => {
    await makeEndpoint("weather");
    await makeEndpoint("weather", { team: "forecast" });
    // New keys are none of the resource's properties.
    await ml.onlineEndpoints.beginRegenerateKeysAndWait(...AT, "weather", { keyType: "Primary" }, QUICK);
    await ml.onlineEndpoints.beginDeleteAndWait(...AT, "weather", QUICK);
    const events = await told("Resources", 3);
    expect(events.map(({ eventType }) => eventType.split(".").at(-1))).toEqual([
      "CreatedOrUpdated",
      "CreatedOrUpdated",
      "Deleted",
    ]);
    expect(events.every(({ subject }) => subject === endpointId("weather"))).toBe(true);
    expect(events[1]).toMatchObject({
      topic: `/subscriptions/${SUBSCRIPTION}`,
      dataVersion: "1",
      data: {
        resourceInfo: {
          id: endpointId("weather"),
          name: "weather",
          type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
          location: "westeurope",
          tags: { team: "forecast" },
          properties: { authMode: "Key", provisioningState: "Succeeded" },
        },
        apiVersion: "2022-10-01",
      },
    });
    expect(shapeOf(events[1] ?? {}).sort()).toEqual(shapeOf(published("created-or-updated")).sort());
    expect(events[2]?.data).toEqual({
      resourceInfo: {
        id: endpointId("weather"),
        name: "weather",
        type: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
      },
      operationalInfo: { resourceEventTime: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
  });

  test("that Resource Graph does not list, as a model's version, is told of by nobody", async () => {
    await ml.modelVersions.createOrUpdate(...AT, "untold", "1", {
      properties: { modelUri: "azureml://datastores/workspaceblobstore/paths/m", modelType: "custom_model" },
    });
    await makeEndpoint("marker");
    const events = await told("Resources", 1);
    expect(events.map(({ subject }) => subject)).toEqual([endpointId("marker")]);
  });
});

describe("the health of a deployment", () => {
  const deploy = (model: string, endpoint: string, name: string) =>
    ml.onlineDeployments.beginCreateOrUpdateAndWait(
      ...AT,
      endpoint,
      name,
      {
        location: "westeurope",
        sku: { name: "Default", capacity: 1 },
        properties: {
          endpointComputeType: "Managed",
          model,
          instanceType: "Standard_F2s_v2",
        },
      },
      QUICK,
    );
  const states = (events: Told[]) =>
    events.map(({ data }) => {
      const { properties } = data.resourceInfo as { properties: Record<string, string> };
      return [properties.previousAvailabilityState, properties.availabilityState];
    });

  test("is told when the platform fails to provision it and when it succeeds again, as the product understands it", async () => {
    const { id: model = "" } = await ml.modelVersions.createOrUpdate(...AT, "served", "1", {
      properties: {
        modelUri: await newModel({ data: path.join(cloud.data, "machine-learning") }),
        modelType: "mlflow_model",
      },
    });
    await makeEndpoint("ailing");
    await cloud.call("POST", "/_faults", { deployment: "blue", message: "The node is gone." });
    await expect(deploy(model, "ailing", "blue")).rejects.toThrow("InternalServerError");
    await deploy(model, "ailing", "blue");
    await deploy(model, "ailing", "blue");
    await deploy(model, "ailing", "well-from-the-start");
    const events = await told("HealthResources", 2);
    expect(states(events)).toEqual([
      ["Unknown", "Unavailable"],
      ["Unavailable", "Available"],
    ]);
    expect(shapeOf(events[0] ?? {}).sort()).toEqual(shapeOf(published("availability-status-changed")).sort());
    const subject = {
      endpoint: "ailing",
      deployment: "blue",
      resource: `${endpointId("ailing")}/deployments/blue`,
    };
    expect(events.map((event) => parseModelEvent(event))).toMatchObject([
      { signals: [{ kind: "platform.unhealthy", state: "raised", subject }] },
      { signals: [{ kind: "platform.unhealthy", state: "cleared", subject }] },
    ]);
  });

  test("says nothing when its model or its quota is at fault", async () => {
    await makeEndpoint("faulty");
    const missing = "azureml://datastores/workspaceblobstore/paths/nowhere";
    await expect(deploy(missing, "faulty", "blue")).rejects.toThrow(/cannot serve its model/);
    await cloud.call("POST", "/_faults", { deployment: "green", message: "OutOfQuota: Not enough quota." });
    await expect(deploy(missing, "faulty", "green")).rejects.toThrow("OutOfQuota");
    // Whatever was raised before it comes before it.
    await put({ resourceId: endpointId("other"), availabilityState: "Degraded" });
    expect(states(await told("HealthResources", 1))).toEqual([["Unknown", "Degraded"]]);
  });
});

const put = (body: object) => cloud.call("POST", "/_availability", body);

describe("/_availability", () => {
  test("keeps a state over a restart, and tells of changes alone", async () => {
    const resourceId = endpointId("restarted");
    await put({ resourceId, availabilityState: "Unavailable" });
    await told("HealthResources", 1);
    await cloud.restart();
    hook.received.length = 0;
    await put({ resourceId, availabilityState: "Unavailable" });
    await put({ resourceId, availabilityState: "Available" });
    expect(await told("HealthResources", 1)).toHaveLength(1);
    const { body } = await cloud.call("GET", "/_availability");
    expect((body as { value: unknown[] }).value).toContainEqual({
      resourceId,
      availabilityState: "Available",
      occurredTime: expect.any(String),
    });
  });

  test("tells what the platform did to a resource, in the published words", async () => {
    const resourceId = endpointId("annotated");
    await put({
      resourceId,
      annotationName: "VirtualMachineHostRebootedForRepair",
      summary: "The host was rebooted.",
    });
    const [event] = await told("HealthResources", 1);
    expect(event?.eventType).toBe(`${PREFIX}.HealthResources.ResourceAnnotated`);
    expect(parseModelEvent(event)).toMatchObject({
      signals: [
        {
          kind: "platform.unhealthy",
          subject: { resource: resourceId },
          evidence: {
            facts: { annotation: "VirtualMachineHostRebootedForRepair", summary: "The host was rebooted." },
          },
        },
      ],
    });
  });

  test.each([
    { body: { resourceId: "weather", availabilityState: "Available" }, says: "resource in a subscription" },
    { body: { resourceId: "/subscriptions/s/x", availabilityState: "Tired" }, says: "Invalid" },
    { body: {}, says: "Invalid" },
  ])("refuses $body", async ({ body, says }) => {
    expect(await put(body)).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidAvailability", message: expect.stringContaining(says) } },
    });
  });
});
