import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ConsumptionManagementClient } from "@azure/arm-consumption";
import { MonitorClient } from "@azure/arm-monitor";
import { ManagedIdentityCredential } from "@azure/identity";
import { LogsQueryClient, LogsQueryResultStatus } from "@azure/monitor-query";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Azure, startAzure } from "../../../local/azure/index.ts";
import type { AzureContext } from "../../../local/azure/services.ts";
import { ManualClock } from "../../../local/clock.ts";
import { openResourceManager } from "../../../local/system/resource-manager.ts";
import { watch } from "../../../local/system/watch.ts";
import { parseMonitorAlert } from "../../../shared/signals/parse.ts";
import { trust } from "../azure/cloud.ts";
import { startReceiver } from "../azure/monitor/receiver.ts";

const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
const GROUP = "rg-outerloop";
const MINUTE = 60_000;

let data: string;
let azure: Azure;
let context: AzureContext;
let host: Awaited<ReturnType<typeof startReceiver>>;
const clock = new ManualClock(Date.now());

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "watch-"));
  host = await startReceiver();
  azure = await startAzure({
    port: 0,
    amqpPort: 0,
    storagePort: 0,
    data,
    clock,
    services: (given) => {
      context = given;
      return [];
    },
  });
  await trust(azure);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await azure.stop();
  await host.stop();
  await rm(data, { recursive: true });
});

test("two rules, their action groups and a budget are there, also when it is done twice", async () => {
  await watch(await openResourceManager(azure), azure, `http://127.0.0.1:${host.port}`);
  await watch(await openResourceManager(azure), azure, `http://127.0.0.1:${host.port}`);
  const options = { endpoint: azure.origin };
  const monitor = new MonitorClient(new ManagedIdentityCredential(), SUBSCRIPTION, options);
  const names: unknown[] = [];
  for await (const { name } of monitor.metricAlerts.listByResourceGroup(GROUP)) names.push(name);
  for await (const { name } of monitor.actionGroups.listByResourceGroup(GROUP)) names.push(name);
  expect(names).toEqual(["endpoint-errors", "endpoint-latency", "cost-owners", "operators"]);
  const costs = new ConsumptionManagementClient(new ManagedIdentityCredential(), SUBSCRIPTION, options);
  const budget = await costs.budgets.get(
    `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`,
    "outerloop",
  );
  expect(budget).toMatchObject({ amount: 5_000, currentSpend: { amount: 0, unit: "USD" } });
});

test("an endpoint that is slow reaches the product's door, and its requests are in the log", async () => {
  await watch(await openResourceManager(azure), azure, `http://127.0.0.1:${host.port}`);
  const endpointId = `${azure.workspaceId}/onlineEndpoints/weather`;
  context.record({ endpointId, deployment: "blue", at: clock.now(), statusCode: 200, durationMs: 5_001 });
  clock.advance(MINUTE);
  const [alert] = await host.until(1);
  expect(parseMonitorAlert(alert)).toMatchObject({
    signals: [{ kind: "endpoint.slow", severity: 2, subject: { endpoint: "weather", deployment: "blue" } }],
  });
  const logs = new LogsQueryClient(new ManagedIdentityCredential(), {
    endpoint: azure.origin,
    audience: azure.origin,
  });
  const query = "AmlOnlineEndpointTrafficLog | where TotalDurationMs > 5000 | project EndpointName";
  const span = { startTime: new Date(clock.now() - 5 * MINUTE), endTime: new Date(clock.now()) };
  const found = await logs.queryWorkspace(azure.logsWorkspaceId, query, span);
  expect(found.status === LogsQueryResultStatus.Success && found.tables[0]?.rows).toEqual([["weather"]]);
});
