import { LogsQueryResultStatus } from "@azure/monitor-query";
import { describe, expect, test } from "vitest";
import { at, columns, LOG_ANALYTICS, start } from "./logs-fixture.ts";
import { ENDPOINT, GROUP, LOG, MINUTE, ML_WORKSPACE, NOON, SUBSCRIPTION } from "./monitor-fixture.ts";

describe("the traffic log", () => {
  test("tells each request in the official columns and types", async () => {
    const { ask, record } = await start();
    record(NOON, {
      statusCode: 424,
      modelStatusCode: 500,
      durationMs: 42.4,
      log: { ...LOG, reason: "model error" },
    });
    const table = await ask("AmlOnlineEndpointTrafficLog");
    const names = table.columnDescriptors.map(({ name }) => name ?? "");
    const [row = []] = table.rows;
    expect(Object.fromEntries(names.map((name, index) => [name, row[index]]))).toEqual({
      TenantId: LOG_ANALYTICS.customerId,
      TimeGenerated: at(0),
      OperationName: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score",
      Location: "westeurope",
      Method: "POST",
      Path: "/score",
      SubscriptionId: SUBSCRIPTION,
      AzureMLWorkspaceId: "g-1",
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
      TotalDurationMs: 42,
      RequestDurationMs: 0,
      ResponseDurationMs: 42,
      RequestThrottlingDelayMs: 0,
      ResponseThrottlingDelayMs: 0,
      AuthType: "Key",
      IdentityData: "",
      SourceSystem: "Azure",
      Type: "AmlOnlineEndpointTrafficLog",
      _ResourceId: ENDPOINT.toLowerCase(),
      _SubscriptionId: SUBSCRIPTION,
    });
    expect(columns(table).filter((column) => !column.endsWith(":string"))).toEqual([
      "TimeGenerated:datetime",
      "ResponseCode:int",
      "ModelStatusCode:int",
      "RequestPayloadSize:int",
      "ResponsePayloadSize:int",
      "TotalDurationMs:int",
      "RequestDurationMs:int",
      "ResponseDurationMs:int",
      "RequestThrottlingDelayMs:int",
      "ResponseThrottlingDelayMs:int",
    ]);
  });

  test("is asked for by resource: an endpoint, its workspace, a group, the logs' own workspace", async () => {
    const { client, record } = await start();
    record(NOON);
    record(NOON, { endpointId: `${ML_WORKSPACE}/onlineEndpoints/weather-2` });
    const count = async (resource: string) => {
      const result = await client.queryResource(resource, "AmlOnlineEndpointTrafficLog | summarize count()", {
        startTime: at(-1),
        endTime: at(1),
      });
      return result.status === LogsQueryResultStatus.Success ? result.tables[0]?.rows[0]?.[0] : undefined;
    };
    expect(await count(ENDPOINT.toLowerCase())).toBe(1);
    expect(await count(ML_WORKSPACE)).toBe(2);
    expect(await count(`/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`)).toBe(2);
    expect(await count(LOG_ANALYTICS.id)).toBe(2);
    expect(await count("/subscriptions/another")).toBe(0);
  });

  test("survives a restart, with what a file of before has of it", async () => {
    const first = await start();
    first.record(NOON, { log: LOG });
    await first.stop();
    const second = await start({ data: first.data, clock: first.clock });
    const table = await second.ask("AmlOnlineEndpointTrafficLog | project EndpointName, XRequestId");
    expect(table.rows).toEqual([["Weather", "9c1d"]]);
  });

  test("is cut by the timespan of the request beside what the query says itself", async () => {
    const { ask, record } = await start();
    for (const minutes of [-3, -2, -1]) record(NOON + minutes * MINUTE);
    const query = "AmlOnlineEndpointTrafficLog | where TimeGenerated > ago(150s) | summarize n = count()";
    const lastTwo = { startTime: at(-10), endTime: at(-2) };
    expect((await ask(query)).rows).toEqual([[2]]);
    expect((await ask(query, lastTwo)).rows).toEqual([[1]]);
  });
});
