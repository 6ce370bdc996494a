import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { EmailClient } from "@azure/communication-email";
import { TableClient } from "@azure/data-tables";
import { EventHubProducerClient } from "@azure/event-hubs";
import { ManagedIdentityCredential } from "@azure/identity";
import { MetricsQueryClient } from "@azure/monitor-query";
import { ServiceBusClient } from "@azure/service-bus";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Azure, AzureStartError, startAzure } from "../../../local/azure/index.ts";
import type { AzureContext } from "../../../local/azure/services.ts";
import { eventually } from "../../waiting.ts";
import { trust } from "./cloud.ts";
import { startSubscriber } from "./event-grid/subscriber.ts";

let data: string;
let azure: Azure;
let context: AzureContext | undefined;
let isExtraStopped = false;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "azure-"));
  azure = await startAzure({
    port: 0,
    amqpPort: 0,
    storagePort: 0,
    data,
    services: (given) => {
      context = given;
      const handle = async ({ path: asked }: { path: string }) =>
        asked === "/_extra" ? { status: 204 } : undefined;
      return [
        {
          name: "extra",
          handle,
          stats: () => ({ extras: 5 }),
          async stop() {
            isExtraStopped = true;
          },
        },
      ];
    },
  });
  await trust(azure);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await azure.stop();
  await rm(data, { recursive: true });
  expect(isExtraStopped).toBe(true);
});

const credential = () => new ManagedIdentityCredential();
const bearer = async () =>
  `Bearer ${(await credential().getToken("https://management.azure.com/.default")).token}`;

describe("the real clients, given only addresses and the managed identity", () => {
  test("register a model, whose event reaches the subscriber", async () => {
    const hook = await startSubscriber();
    const id = `${azure.workspaceId}/providers/Microsoft.EventGrid/eventSubscriptions/models`;
    const url = `${azure.origin}${id}?api-version=2022-06-15`;
    const headers = { authorization: await bearer(), "content-type": "application/json" };
    const endpointUrl = `http://127.0.0.1:${hook.port}/hook`;
    const properties = {
      destination: { endpointType: "WebHook", properties: { endpointUrl } },
      filter: { includedEventTypes: ["Microsoft.MachineLearningServices.ModelRegistered"] },
    };
    expect((await fetch(url, { method: "PUT", headers, body: JSON.stringify({ properties }) })).status).toBe(
      201,
    );
    await eventually(async () =>
      expect(await (await fetch(url, { headers })).json()).toMatchObject({
        properties: { provisioningState: "Succeeded" },
      }),
    );
    const client = new AzureMachineLearningWorkspaces(credential(), "00000000-0000-0000-0000-000000000001", {
      endpoint: azure.origin,
    });
    await client.modelVersions.createOrUpdate("rg-outerloop", "mlw-outerloop", "weather", "1", {
      properties: {
        modelUri: "azureml://datastores/workspaceblobstore/paths/weather/1",
        modelType: "custom_model",
      },
    });
    const [delivered] = await hook.until(1);
    expect(delivered?.body).toMatchObject([
      {
        topic: azure.workspaceId,
        subject: "models/weather:1",
        data: { ModelName: "weather", ModelVersion: 1 },
      },
    ]);
    await hook.stop();
  });

  test("send a signal in a session, and receive it", async () => {
    const client = new ServiceBusClient(azure.serviceBusConnectionString);
    await client
      .createSender("signals")
      .sendMessages({ body: { n: 1 }, sessionId: "weather", messageId: randomUUID() });
    const receiver = await client.acceptSession("signals", "weather");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5_000 });
    expect(message?.body).toEqual({ n: 1 });
    if (message) await receiver.completeMessage(message);
    await client.close();
  });

  test.each([
    { hub: "endpoint-traffic", partitions: 2 },
    { hub: "outerloop-events", partitions: 1 },
  ])("find the event hub $hub with $partitions partitions", async ({ hub, partitions }) => {
    const client = new EventHubProducerClient(azure.eventHubsConnectionString, hub);
    expect(await client.getPartitionIds()).toHaveLength(partitions);
    await client.close();
  });

  test("keep rows and blobs", async () => {
    const table = TableClient.fromConnectionString(azure.storageConnectionString, "models", {
      allowInsecureConnection: true,
    });
    await table.createTable();
    await table.createEntity({ partitionKey: "weather", rowKey: "1", phase: "serving" });
    expect(await table.getEntity("weather", "1")).toMatchObject({ phase: "serving" });
    const blobs = BlobServiceClient.fromConnectionString(azure.storageConnectionString);
    await blobs.getContainerClient("bodies").create();
    await blobs.getContainerClient("bodies").getBlockBlobClient("a").upload("hello", 5);
    const read = await blobs.getContainerClient("bodies").getBlockBlobClient("a").downloadToBuffer();
    expect(read.toString()).toBe("hello");
  });

  test("send mail, which /mailbox.json shows", async () => {
    const client = new EmailClient(azure.origin, credential());
    const content = { subject: "Approve", plainText: "please" };
    const recipients = { to: [{ address: "approver@example.com" }] };
    await client.beginSend({ senderAddress: "outerloop@example.com", recipients, content });
    expect(await (await fetch(`${azure.httpOrigin}/mailbox.json`)).json()).toMatchObject([
      { subject: "Approve" },
    ]);
  });

  test("read the metrics of what was recorded", async () => {
    const endpointId = `${azure.workspaceId}/onlineEndpoints/weather`;
    const at = Date.now();
    context?.record({
      endpointId,
      deployment: "v1",
      at,
      statusCode: 200,
      modelStatusCode: 200,
      durationMs: 7,
    });
    const client = new MetricsQueryClient(credential(), { endpoint: azure.origin, audience: azure.origin });
    const { metrics } = await client.queryResource(endpointId, ["RequestLatency_P95"], {
      timespan: { duration: "PT5M" },
      granularity: "PT1M",
      aggregations: ["Average"],
    });
    const points = metrics[0]?.timeseries[0]?.data?.filter((point) => point.average !== undefined);
    expect(points?.map((point) => point.average)).toEqual([7]);
  });
});

test("further services answer behind the same port, and are given the context", async () => {
  expect((await fetch(`${azure.httpOrigin}/_extra`)).status).toBe(204);
  expect(context).toMatchObject({ origin: azure.origin, workspaceId: azure.workspaceId, data });
});

test("/_stats holds the counts of every part", async () => {
  const stats = await (await fetch(`${azure.httpOrigin}/_stats`)).json();
  expect(stats).toMatchObject({
    extras: 5,
    mailsSent: expect.any(Number),
    eventsRaised: expect.any(Number),
    requestsRecorded: expect.any(Number),
    modelsRegistered: expect.any(Number),
    messagesAccepted: expect.any(Number),
  });
});

test.each([
  { flag: "--azure-port", option: "port" },
  { flag: "--amqp-port", option: "amqpPort" },
  { flag: "--storage-port", option: "storagePort" },
])(
  "a port in use is an error that names the port and $flag, and leaves nothing running",
  async ({ flag, option }) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const own = await mkdtemp(path.join(tmpdir(), "azure-port-"));
    const free = { port: 0, amqpPort: 0, storagePort: 0, data: own };
    const started = startAzure({ ...free, [option]: port });
    await expect(started).rejects.toBeInstanceOf(AzureStartError);
    await expect(started).rejects.toThrow(new RegExp(`port ${port} is in use.*${flag}`));
    await new Promise((resolve) => other.close(resolve));
    // Everything was let go: the same folder and port start at once.
    const again = await startAzure({ ...free, [option]: port });
    await again.stop();
    await rm(own, { recursive: true });
  },
);
