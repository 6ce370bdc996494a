import { EventHubConsumerClient, type ReceivedEventData } from "@azure/event-hubs";
import { describe, expect, onTestFinished, test } from "vitest";
import { startBroker } from "../../../../local/azure/broker/index.ts";
import { createHubSender } from "../../../../local/azure/monitor/diagnostics/hub-sender.ts";
import { parseExport } from "../../../../shared/signals/parse-export.ts";
import { eventually } from "../../../waiting.ts";
import { ENDPOINT, LOG, MINUTE, NOON, newFolder, SUBSCRIPTION, startMonitor } from "./monitor-fixture.ts";

const HUB = "endpoint-traffic";
const SETTING = {
  eventHubAuthorizationRuleId: `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-outerloop/providers/Microsoft.EventHub/namespaces/n/authorizationRules/r`,
  eventHubName: HUB,
  logs: [{ category: "AmlOnlineEndpointTrafficLog", enabled: true }],
  metrics: [{ category: "AllMetrics", enabled: true }],
};

/** A monitor whose settings stream to a real broker, and all that has come there. */
async function start() {
  const broker = await startBroker({
    port: 0,
    file: `${await newFolder()}/broker.sqlite`,
    config: { eventHubs: [{ name: HUB, partitionCount: 2 }] },
  });
  onTestFinished(() => broker.stop());
  const sender = createHubSender(broker.eventHubsConnectionString);
  onTestFinished(() => sender.stop());
  const eventHubs = { names: [HUB], publish: sender.publish };
  const monitor = await startMonitor({ eventHubs });
  const consumer = new EventHubConsumerClient("$Default", broker.eventHubsConnectionString, HUB);
  const bodies: { records: Record<string, unknown>[] }[] = [];
  const subscription = consumer.subscribe(
    {
      processEvents: async (events: ReceivedEventData[]) =>
        void bodies.push(...events.map(({ body }) => body)),
      processError: async () => {},
    },
    { startPosition: { offset: "-1" } as never, maxWaitTimeInSeconds: 1 },
  );
  onTestFinished(async () => {
    await subscription.close();
    await consumer.close();
  });
  const records = () => bodies.flatMap((body) => body.records);
  const until = (count: number) => eventually(() => expect(records().length).toBeGreaterThanOrEqual(count));
  return { ...monitor, eventHubs, records, bodies, until };
}

describe("a diagnostic setting", () => {
  test("streams each request and each minute's metrics from then on, as Azure words them", async () => {
    const { client, record, clock, records, until } = await start();
    record(NOON - 1, { log: LOG });
    await client.diagnosticSettings.createOrUpdate(ENDPOINT.slice(1), "traffic", SETTING);
    record(NOON, {
      statusCode: 424,
      modelStatusCode: 500,
      durationMs: 88.4,
      log: { ...LOG, reason: "model error" },
    });
    record(NOON + 1, { durationMs: 5, log: LOG });
    clock.advance(MINUTE);
    await until(7);
    const logs = records().filter(({ category }) => category === "AmlOnlineEndpointTrafficLog");
    expect(logs).toHaveLength(2);
    expect(logs[0]).toEqual({
      time: "2026-01-01T12:00:00.0000000Z",
      resourceId: ENDPOINT.toUpperCase(),
      category: "AmlOnlineEndpointTrafficLog",
      operationName: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score",
      location: "westeurope",
      properties: {
        Method: "POST",
        Path: "/score",
        SubscriptionId: SUBSCRIPTION,
        AzureMLWorkspaceId: "",
        AzureMLWorkspaceName: "mlw-outerloop",
        EndpointName: "Weather",
        DeploymentName: "blue",
        Protocol: "HTTP/1.1",
        ResponseCode: 424,
        ResponseCodeReason: "model error",
        ModelStatusCode: 500,
        ModelStatusReason: "",
        RequestPayloadSize: 512,
        ResponsePayloadSize: 128,
        UserAgent: "curl/8",
        XRequestId: "9c1d",
        XMSClientRequestId: "c-1",
        TotalDurationMs: 88,
        RequestDurationMs: 0,
        ResponseDurationMs: 88,
        RequestThrottlingDelayMs: 0,
        ResponseThrottlingDelayMs: 0,
        AuthType: "Key",
        IdentityData: "",
      },
    });
    const metrics = records().filter(({ metricName }) => metricName !== undefined);
    expect(metrics.map(({ metricName }) => metricName).sort()).toEqual([
      "RequestLatency",
      "RequestLatency_P50",
      "RequestLatency_P90",
      "RequestLatency_P95",
      "RequestLatency_P99",
    ]);
    expect(metrics.find(({ metricName }) => metricName === "RequestLatency")).toEqual({
      count: 2,
      total: 93.4,
      minimum: 5,
      maximum: 88.4,
      average: 46.7,
      resourceId: ENDPOINT.toUpperCase(),
      time: "2026-01-01T12:00:00.0000000Z",
      metricName: "RequestLatency",
      timeGrain: "PT1M",
    });
    // The product's own parser reads every record.
    const batch = parseExport({ records: records() });
    expect(batch.requests).toMatchObject([
      {
        endpoint: "Weather",
        deployment: "blue",
        responseCode: 424,
        modelStatusCode: 500,
        totalMs: 88,
        requestId: "9c1d",
      },
      { responseCode: 200, modelStatusCode: null, totalMs: 5 },
    ]);
    // Of 5 and 88.4 ms: 95 hundredths of the way from the one to the other.
    expect(batch.latencies).toMatchObject([
      { endpoint: "WEATHER", at: "2026-01-01T12:00:00.000Z", p95Ms: 84.23 },
    ]);
    expect(batch.outcomes).toEqual([]);
  });

  test("goes on where it stopped: after a restart nothing comes twice, and nothing is missing", async () => {
    const first = await start();
    const logs = { ...SETTING, metrics: [] };
    await first.client.diagnosticSettings.createOrUpdate(ENDPOINT.slice(1), "traffic", logs);
    first.record(NOON, { log: { ...LOG, requestId: "a" } }, 150);
    first.clock.advance(5_000);
    await first.until(150);
    // Each message goes to the next partition, and partitions have no order among them.
    expect(first.bodies.map(({ records }) => records.length).sort()).toEqual([100, 50]);
    await first.stop();
    const second = await startMonitor({ data: first.data, clock: first.clock, eventHubs: first.eventHubs });
    second.record(NOON + 6_000, { log: { ...LOG, requestId: "b" } });
    first.clock.advance(5_000);
    await first.until(151);
    expect(first.records()).toHaveLength(151);
    const ids = first.records().map(({ properties }) => (properties as { XRequestId: string }).XRequestId);
    expect(ids.filter((id) => id === "b")).toHaveLength(1);
  });

  test("is kept, listed with its categories, and forgotten", async () => {
    const { client } = await startMonitor({ eventHubs: { names: [HUB], publish: async () => {} } });
    const resource = ENDPOINT.slice(1);
    await client.diagnosticSettings.createOrUpdate(resource, "traffic", SETTING);
    expect(await client.diagnosticSettings.get(resource, "traffic")).toMatchObject({
      name: "traffic",
      eventHubName: HUB,
    });
    const names: unknown[] = [];
    for await (const { name } of client.diagnosticSettings.list(resource)) names.push(name);
    for await (const { name } of client.diagnosticSettingsCategory.list(resource)) names.push(name);
    expect(names).toEqual(["traffic", "AmlOnlineEndpointTrafficLog", "AllMetrics"]);
    await client.diagnosticSettings.delete(resource, "traffic");
    await expect(client.diagnosticSettings.get(resource, "traffic")).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  test.each([
    {
      what: "a hub that is not there",
      more: { eventHubName: "other" },
      status: 400,
      says: "There is no event hub 'other'",
    },
    {
      what: "logs that are not written here",
      more: { logs: [{ category: "AmlOnlineEndpointConsoleLog", enabled: true }] },
      status: 400,
      says: "'AmlOnlineEndpointConsoleLog' is not simulated",
    },
    {
      what: "a category that nobody has",
      more: { logs: [{ category: "Nothing", enabled: true }] },
      status: 400,
      says: "'Nothing' is not supported",
    },
    { what: "nothing at all", more: { logs: [], metrics: [] }, status: 400, says: "No category is enabled" },
    {
      what: "a storage account",
      more: { storageAccountId: "/subscriptions/s/x" },
      status: 400,
      says: "not simulated",
    },
    {
      what: "the hub of another setting again",
      more: {},
      status: 409,
      says: "is already used in diagnostic setting 'traffic'",
    },
  ])("is refused for $what", async ({ more, status, says }) => {
    const { client } = await startMonitor({ eventHubs: { names: [HUB], publish: async () => {} } });
    await client.diagnosticSettings.createOrUpdate(ENDPOINT.slice(1), "traffic", SETTING);
    const second = { ...SETTING, ...more };
    await expect(
      client.diagnosticSettings.createOrUpdate(ENDPOINT.slice(1), "second", second),
    ).rejects.toMatchObject({
      statusCode: status,
      message: expect.stringContaining(says),
    });
  });
});
