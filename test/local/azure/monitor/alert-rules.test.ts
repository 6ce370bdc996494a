import { describe, expect, test } from "vitest";
import { parseMonitorAlert } from "../../../../shared/signals/parse.ts";
import { fail, failing, start } from "./alerts-fixture.ts";
import {
  ENDPOINT,
  errorsCriterion,
  errorsRule,
  GROUP,
  MINUTE,
  NOON,
  startMonitor,
} from "./monitor-fixture.ts";

describe("rules of other forms", () => {
  test("watch the latency of whatever endpoint in a group has requests", async () => {
    const system = await start(
      errorsRule({
        scopes: [`/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/${GROUP}`],
        targetResourceType: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        targetResourceRegion: "westeurope",
        criteria: {
          odataType: "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria",
          allOf: [{ ...errorsCriterion(), metricName: "RequestLatency_P95", threshold: 500, dimensions: [] }],
        },
      }),
    );
    system.record(NOON, { durationMs: 501 });
    system.record(NOON, { endpointId: ENDPOINT.replace("Weather", "digits"), durationMs: 499 });
    system.clock.advance(MINUTE);
    const [alert] = await system.told(1);
    expect(alert).toMatchObject({
      data: { alertContext: { conditionType: "MultipleResourceMultipleMetricCriteria" } },
    });
    expect(parseMonitorAlert(alert)).toMatchObject({
      signals: [{ kind: "endpoint.slow", subject: { endpoint: "Weather" } }],
    });
  });

  test("need every one of several criteria", async () => {
    const one = (metricName: string, threshold: number) => ({
      ...errorsCriterion(),
      name: metricName,
      metricName,
      threshold,
      dimensions: [{ name: "deployment", operator: "Include", values: ["blue"] }],
    });
    const system = await start(
      errorsRule({
        windowSize: "PT1M",
        criteria: {
          odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
          allOf: [one("RequestsPerMinute", 2), one("RequestLatency", 100)],
        },
      }),
    );
    system.record(NOON, { durationMs: 200 }, 2);
    system.record(NOON + MINUTE, { durationMs: 200 }, 3);
    system.clock.advance(2 * MINUTE);
    expect(await system.told(1)).toMatchObject([
      {
        data: {
          essentials: { firedDateTime: "2026-01-01T12:02:00.000Z" },
          alertContext: { condition: { allOf: [{ metricValue: 3 }, { metricValue: 200 }] } },
        },
      },
    ]);
  });

  test("are looked at when their frequency says, and not while they are disabled", async () => {
    const system = await start(errorsRule({ evaluationFrequency: "PT15M", windowSize: "PT15M" }));
    system.record(NOON + MINUTE, failing, 15 * 11);
    system.clock.advance(14 * MINUTE);
    expect(system.receiver.alerts).toEqual([]);
    await system.client.metricAlerts.update(GROUP, "online endpoint errors", { enabled: false });
    system.clock.advance(MINUTE);
    await system.client.metricAlerts.update(GROUP, "online endpoint errors", { enabled: true });
    system.record(NOON + 16 * MINUTE, failing, 15 * 11);
    system.clock.advance(15 * MINUTE);
    expect(await system.told(1)).toMatchObject([
      { data: { essentials: { firedDateTime: "2026-01-01T12:30:00.000Z" } } },
    ]);
  });
});

const dynamic = {
  criterionType: "DynamicThresholdCriterion",
  alertSensitivity: "Low",
  failingPeriods: { numberOfEvaluationPeriods: 3, minFailingPeriodsToAlert: 3 },
};

describe("the resource manager", () => {
  test("keeps a rule as it was written, lists it, says how it is, and forgets it", async () => {
    const system = await start();
    const { client } = system;
    const kept = await client.metricAlerts.get(GROUP, "online endpoint errors");
    expect(kept).toMatchObject({
      ...errorsRule(),
      autoMitigate: true,
      type: "Microsoft.Insights/metricAlerts",
    });
    expect(kept.lastUpdatedTime).toEqual(new Date(NOON));
    for (const list of [
      client.metricAlerts.listBySubscription(),
      client.metricAlerts.listByResourceGroup(GROUP),
    ]) {
      const names: unknown[] = [];
      for await (const { name } of list) names.push(name);
      expect(names).toEqual(["online endpoint errors"]);
    }
    const statusOf = async () =>
      (await client.metricAlertsStatus.list(GROUP, "online endpoint errors")).value?.map(
        ({ properties }) => properties,
      );
    expect(await statusOf()).toMatchObject([{ status: "Healthy" }]);
    fail(system, 5);
    expect(await statusOf()).toMatchObject([
      { status: "Unhealthy", dimensions: { deployment: "blue", statusCodeClass: "5xx" } },
    ]);
    await client.metricAlerts.delete(GROUP, "online endpoint errors");
    await expect(client.metricAlerts.get(GROUP, "online endpoint errors")).rejects.toMatchObject({
      statusCode: 404,
      code: "ResourceNotFound",
    });
  });

  test.each([
    {
      what: "a window shorter than the frequency",
      more: { evaluationFrequency: "PT15M" },
      says: "windowSize PT5M is shorter",
    },
    {
      what: "a frequency that does not exist",
      more: { evaluationFrequency: "PT2M" },
      says: "properties.evaluationFrequency",
    },
    { what: "a severity above 4", more: { severity: 5 }, says: "properties.severity" },
    {
      what: "several scopes for one resource",
      more: { scopes: [ENDPOINT, ENDPOINT] },
      says: "scopes names 2 resources",
    },
    {
      what: "a resource without metrics",
      more: { scopes: ["/subscriptions/s"] },
      says: "No metrics are simulated",
    },
    {
      what: "an action group that is not there",
      more: { actions: [{ actionGroupId: "/gone" }] },
      says: "'/gone' was not found",
    },
    { what: "another region than global", more: { location: "westeurope" }, says: "expected global" },
  ])("refuses $what", async ({ more, says }) => {
    const { client } = await start();
    await expect(client.metricAlerts.createOrUpdate(GROUP, "r", errorsRule(more))).rejects.toMatchObject({
      statusCode: 400,
      code: "BadRequest",
      message: expect.stringContaining(says),
    });
  });

  test.each([
    {
      what: "an unknown metric",
      more: { metricName: "Requests" },
      says: "metric 'Requests', expected one of: RequestsPerMinute",
    },
    {
      what: "an unknown dimension",
      more: { dimensions: [{ name: "region", operator: "Include", values: ["*"] }] },
      says: "no dimension 'region'",
    },
    {
      what: "the metrics of another type of resource",
      more: { metricNamespace: "Microsoft.MachineLearningServices/workspaces" },
      says: "metricNamespace 'Microsoft.MachineLearningServices/workspaces', expected the resource's own: Microsoft.MachineLearningServices/workspaces/onlineendpoints",
    },
    {
      what: "a threshold that is learnt",
      more: dynamic,
      says: "dynamic thresholds are not simulated",
    },
  ])("refuses $what in a criterion", async ({ more, says }) => {
    const { client } = await start();
    const allOf = [{ ...errorsCriterion(), ...more }];
    const criteria = {
      odataType: "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria" as const,
      allOf: allOf as ReturnType<typeof errorsCriterion>[],
    };
    const place = {
      targetResourceType: "microsoft.machinelearningservices/workspaces/onlineendpoints",
      targetResourceRegion: "westeurope",
    };
    const rule = errorsRule({ criteria, ...place });
    await expect(client.metricAlerts.createOrUpdate(GROUP, "r", rule)).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining(says),
    });
  });

  test("refuses callers without a token, requests without a version, and rules that are not there", async () => {
    const { call } = await startMonitor();
    const target = `/subscriptions/s/resourceGroups/${GROUP}/providers/Microsoft.Insights/metricAlerts/r`;
    expect(
      (await call("GET", `${target}?api-version=2018-03-01`, undefined, { authorization: "none" })).status,
    ).toBe(401);
    expect((await call("GET", target)).status).toBe(400);
    expect((await call("PATCH", `${target}?api-version=2018-03-01`, {})).status).toBe(404);
    expect((await call("DELETE", `${target}?api-version=2018-03-01`)).status).toBe(204);
    expect((await call("PUT", `${target}?api-version=2018-03-01`, "{")).status).toBe(400);
  });
});
