import { EventGridManagementClient } from "@azure/arm-eventgrid";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually, until } from "../../../waiting.ts";
import { GROUP, SUBSCRIPTION, startCloud } from "../cloud.ts";
import { startSubscriber } from "./subscriber.ts";

/** The real management client; every wait of Event Grid's schedule takes a thousandth of its time. */
const cloud = startCloud({ retryScale: 0.001 });
const REGISTRY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.ContainerRegistry/registries/other`;
const STORAGE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Storage/storageAccounts/devstoreaccount1`;

let client: EventGridManagementClient;
let hook: Awaited<ReturnType<typeof startSubscriber>>;

beforeAll(async () => {
  hook = await startSubscriber();
  client = new EventGridManagementClient(cloud.credential, SUBSCRIPTION, { endpoint: cloud.azure.origin });
});
afterAll(() => hook.stop());
beforeEach(() => {
  hook.received.length = 0;
});

const quick = { updateIntervalInMs: 20 };
const destination = (more: Record<string, unknown> = {}) => ({
  endpointType: "WebHook" as const,
  endpointUrl: `http://127.0.0.1:${hook.port}/hook?code=secret`,
  ...more,
});
const workspaceTopic = () => ({
  location: "westeurope",
  source: cloud.azure.workspaceId,
  topicType: "Microsoft.MachineLearningServices.Workspaces",
});
async function registerModel(name: string, properties: Record<string, unknown> = {}) {
  const at = `${cloud.azure.workspaceId}/models/${name}/versions/1?api-version=2022-10-01`;
  const body = {
    properties: { modelUri: "azureml://datastores/d/paths/p", modelType: "custom_model", ...properties },
  };
  expect((await cloud.call("PUT", at, body)).status).toBe(201);
}

describe("a system topic", () => {
  test("is made, found, tagged, listed and deleted", async () => {
    const made = await client.systemTopics.beginCreateOrUpdateAndWait(GROUP, "ml", workspaceTopic(), quick);
    expect(made).toMatchObject({
      name: "ml",
      type: "Microsoft.EventGrid/systemTopics",
      provisioningState: "Succeeded",
      source: cloud.azure.workspaceId,
      metricResourceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const tagged = await client.systemTopics.beginUpdateAndWait(
      GROUP,
      "ml",
      { tags: { owner: "ops" } },
      quick,
    );
    expect(tagged.tags).toEqual({ owner: "ops" });
    expect(await client.systemTopics.get(GROUP, "ML")).toMatchObject({ name: "ml", tags: { owner: "ops" } });
    const listed = await Array.fromAsync(client.systemTopics.listByResourceGroup(GROUP));
    expect(listed.map(({ name }) => name)).toEqual(["ml"]);
    expect(await Array.fromAsync(client.systemTopics.listBySubscription())).toHaveLength(1);
    await client.systemTopics.beginDeleteAndWait(GROUP, "ml", quick);
    await expect(client.systemTopics.get(GROUP, "ml")).rejects.toMatchObject({
      statusCode: 404,
      code: "ResourceNotFound",
    });
  });

  test.each([
    {
      what: "a topic type that is not simulated",
      topic: { topicType: "Microsoft.Maps.Accounts" },
      says: "The topic type 'Microsoft.Maps.Accounts' is not simulated, expected one of Microsoft.MachineLearning",
    },
    {
      what: "a source of another type",
      topic: { source: REGISTRY },
      says: "registries/other' is no source of Microsoft.MachineLearningServices.Workspaces",
    },
    {
      what: "a regional topic of a subscription",
      topic: { source: `/subscriptions/${SUBSCRIPTION}`, topicType: "Microsoft.PolicyInsights.PolicyStates" },
      says: "The location 'westeurope' is invalid: a topic of Microsoft.PolicyInsights.PolicyStates is 'global'",
    },
  ])("is refused with $what", async ({ topic, says }) => {
    await expect(
      client.systemTopics.beginCreateOrUpdateAndWait(GROUP, "bad", { ...workspaceTopic(), ...topic }, quick),
    ).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining(says) });
  });

  test("is the only one of its source", async () => {
    const topic = {
      ...workspaceTopic(),
      source: REGISTRY,
      topicType: "Microsoft.ContainerRegistry.Registries",
    };
    await client.systemTopics.beginCreateOrUpdateAndWait(GROUP, "acr", topic, quick);
    await expect(
      client.systemTopics.beginCreateOrUpdateAndWait(GROUP, "acr-2", topic, quick),
    ).rejects.toThrow("Only one system topic is allowed per source: 'acr' exists.");
  });

  test("is of a type whose events are listed", async () => {
    const types = await Array.fromAsync(client.topicTypes.list());
    expect(types.map(({ name }) => name)).toContain("Microsoft.PolicyInsights.PolicyStates");
    const events = await Array.fromAsync(
      client.topicTypes.listEventTypes("Microsoft.ContainerRegistry.Registries"),
    );
    expect(events.map(({ name }) => name)).toEqual([
      "Microsoft.ContainerRegistry.ImagePushed",
      "Microsoft.ContainerRegistry.ImageDeleted",
      "Microsoft.ContainerRegistry.ChartPushed",
      "Microsoft.ContainerRegistry.ChartDeleted",
    ]);
  });
});

describe("an event subscription", () => {
  test("of a system topic is validated, takes events, hides its secret and says goodbye", async () => {
    await client.systemTopics.beginCreateOrUpdateAndWait(GROUP, "ml", workspaceTopic(), quick);
    const api = client.systemTopicEventSubscriptions;
    const made = await api.beginCreateOrUpdateAndWait(
      GROUP,
      "ml",
      "models",
      {
        destination: destination({
          deliveryAttributeMappings: [
            { name: "x-origin", type: "Static", value: "grid", isSecret: true },
            { name: "x-model", type: "Dynamic", sourceField: "data.ModelName" },
          ],
        }),
        filter: {
          includedEventTypes: ["Microsoft.MachineLearningServices.ModelRegistered"],
          advancedFilters: [
            { operatorType: "StringBeginsWith", key: "data.ModelTags.stage", values: ["prod"] },
            { operatorType: "NumberIn", key: "data.ModelVersion", values: [1] },
          ],
        },
        labels: ["outerloop"],
      },
      quick,
    );
    expect(made).toMatchObject({ provisioningState: "Succeeded", topic: cloud.azure.workspaceId });
    expect(JSON.stringify(await api.get(GROUP, "ml", "models"))).not.toMatch(/secret"|"grid"/);
    expect(await api.getFullUrl(GROUP, "ml", "models")).toEqual({
      endpointUrl: `http://127.0.0.1:${hook.port}/hook?code=secret`,
    });
    expect((await api.getDeliveryAttributes(GROUP, "ml", "models")).value).toMatchObject([
      { name: "x-origin", value: "grid" },
      { name: "x-model", sourceField: "data.ModelName" },
    ]);
    await registerModel("wanted", { tags: { stage: "Production" } });
    await registerModel("unwanted", { tags: { stage: "test" } });
    await registerModel("untagged");
    const [delivered] = await hook.until(1);
    expect(delivered?.headers).toMatchObject({ "x-origin": "grid", "x-model": "wanted" });
    await eventually(() => expect(cloud.azure.stats()).toMatchObject({ eventsDelivered: 1 }));
    expect(hook.notifications).toHaveLength(1);

    const changed = await api.beginUpdateAndWait(
      GROUP,
      "ml",
      "models",
      { filter: { subjectBeginsWith: "models/" } },
      quick,
    );
    expect(changed.filter).toMatchObject({ subjectBeginsWith: "models/" });
    expect(changed.labels).toEqual(["outerloop"]);
    expect(await Array.fromAsync(api.listBySystemTopic(GROUP, "ml"))).toHaveLength(1);

    await api.beginDeleteAndWait(GROUP, "ml", "models", quick);
    await eventually(() =>
      expect(hook.received.at(-1)?.headers["aeg-event-type"]).toBe("SubscriptionDeletion"),
    );
    expect(hook.received.at(-1)?.body).toMatchObject([
      {
        eventType: "Microsoft.EventGrid.SubscriptionDeletedEvent",
        subject: "",
        data: { eventSubscriptionId: expect.stringMatching(/systemTopics\/ml\/eventSubscriptions\/models$/) },
      },
    ]);
  });

  test("of a resource is listed below its resource group and its subscription", async () => {
    const scope = cloud.azure.workspaceId.slice(1);
    const api = client.eventSubscriptions;
    await api.beginCreateOrUpdateAndWait(
      scope,
      "direct",
      { destination: destination(), filter: { subjectEndsWith: "nothing" } },
      quick,
    );
    const nameOf = ({ name }: { name?: string }) => name;
    expect((await Array.fromAsync(api.listGlobalBySubscription())).map(nameOf)).toContain("direct");
    expect((await Array.fromAsync(api.listGlobalByResourceGroup(GROUP))).map(nameOf)).toContain("direct");
    const at = ["Microsoft.MachineLearningServices", "workspaces", "mlw-outerloop"] as const;
    expect((await Array.fromAsync(api.listByResource(GROUP, ...at))).map(nameOf)).toEqual(["direct"]);
    await api.beginDeleteAndWait(scope, "direct", quick);
  });

  test("writes what it cannot deliver into its container, under its name in upper case, in an array", async () => {
    const blobs = BlobServiceClient.fromConnectionString(cloud.azure.storageConnectionString);
    await blobs.getContainerClient("deadletters").create();
    const scope = cloud.azure.workspaceId.slice(1);
    const api = client.eventSubscriptions;
    await api.beginCreateOrUpdateAndWait(
      scope,
      "dead-ends",
      {
        destination: destination(),
        filter: { subjectBeginsWith: "models/dead" },
        deadLetterDestination: {
          endpointType: "StorageBlob",
          resourceId: STORAGE,
          blobContainerName: "deadletters",
        },
      },
      quick,
    );
    hook.statuses = [400];
    await registerModel("dead");
    const container = blobs.getContainerClient("deadletters");
    const [blob] = await until(async () => {
      const found = await Array.fromAsync(container.listBlobsFlat());
      return found.length > 0 && found;
    });
    expect(blob?.name).toMatch(/^DEAD-ENDS\/\d{4}\/[1-9]\d?\/[1-9]\d?\/(0|[1-9]\d?)\/[0-9a-f-]{36}\.json$/);
    const text = (await container.getBlobClient(blob?.name ?? "").downloadToBuffer()).toString();
    expect(JSON.parse(text)).toMatchObject([
      {
        id: expect.any(String),
        topic: cloud.azure.workspaceId,
        subject: "models/dead:1",
        eventType: "Microsoft.MachineLearningServices.ModelRegistered",
        data: { ModelName: "dead" },
        deadLetterReason: expect.any(String),
        deliveryAttempts: 1,
        lastDeliveryOutcome: "BadRequest",
        publishTime: expect.any(String),
        lastDeliveryAttemptTime: expect.any(String),
      },
    ]);
    await api.beginDeleteAndWait(scope, "dead-ends", quick);
  });

  test.each([
    {
      what: "an Entra token on deliveries",
      more: { destination: destinationWith({ azureActiveDirectoryTenantId: "t" }) },
      says: "a Microsoft Entra token on deliveries is not simulated",
    },
    {
      what: "a header of Event Grid's own",
      more: {
        destination: destinationWith({
          deliveryAttributeMappings: [{ name: "aeg-x", type: "Static", value: "v" }],
        }),
      },
      says: "must not begin with 'aeg-'",
    },
    {
      what: "a header of more than 4 KB",
      more: {
        destination: destinationWith({
          deliveryAttributeMappings: [{ name: "x-long", type: "Static", value: "é".repeat(2_049) }],
        }),
      },
      says: "must not exceed 4096 bytes",
    },
    {
      what: "an operator that does not exist",
      more: { filter: { advancedFilters: [{ operatorType: "StringLike", key: "subject", values: ["x"] }] } },
      says: "filter.advancedFilters.0.operatorType",
    },
    {
      what: "a custom schema",
      more: { eventDeliverySchema: "CustomInputSchema" },
      says: "expected 'EventGridSchema'",
    },
    {
      what: "a dead-letter container of an account that is not there",
      more: {
        deadLetterDestination: {
          endpointType: "StorageBlob",
          properties: { resourceId: STORAGE.replace("devstoreaccount1", "other"), blobContainerName: "dead" },
        },
      },
      says: "must end in /Microsoft.Storage/storageAccounts/devstoreaccount1",
    },
  ])("is refused with $what, by name", async ({ more, says }) => {
    const { destination: given, ...others } = more as { destination?: (port: number) => unknown };
    const at = `${cloud.azure.workspaceId}/providers/Microsoft.EventGrid/eventSubscriptions/refused?api-version=2022-06-15`;
    const properties = { destination: (given ?? destinationWith({}))(hook.port), ...others };
    expect(await cloud.call("PUT", at, { properties })).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidRequest", message: expect.stringContaining(says) } },
    });
  });
});

function destinationWith(more: {
  deliveryAttributeMappings?: Record<string, string>[];
  [key: string]: unknown;
}) {
  const mappings = more.deliveryAttributeMappings?.map(({ name, type, ...properties }) => ({
    name,
    type,
    properties,
  }));
  return (port: number) => ({
    endpointType: "WebHook",
    properties: {
      endpointUrl: `http://127.0.0.1:${port}/hook`,
      ...more,
      ...(mappings && { deliveryAttributeMappings: mappings }),
    },
  });
}
