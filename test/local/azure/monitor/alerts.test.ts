import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseMonitorAlert } from "../../../../shared/signals/parse.ts";
import {
  delivered,
  ENDPOINT,
  errorsCriterion,
  errorsRule,
  GROUP,
  MINUTE,
  type MonitorFixture,
  NOON,
  putGroup,
  startMonitor,
} from "./monitor-fixture.ts";
import { startReceiver } from "./receiver.ts";

const FIXTURES = new URL("../../../fixtures/events/", import.meta.url);
const published = (name: string) => JSON.parse(readFileSync(new URL(name, FIXTURES), "utf8"));

const failing = { statusCode: 500, modelStatusCode: 500, durationMs: 20 };

/** A monitor with the rule `online endpoint errors`, whose group calls a receiver. */
async function start(rule = errorsRule()) {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.stop());
  const monitor = await startMonitor();
  await putGroup(monitor, receiver.url);
  await monitor.client.metricAlerts.createOrUpdate(GROUP, "online endpoint errors", rule);
  const told = async (count: number) => {
    await delivered(monitor, count);
    return receiver.alerts;
  };
  return { ...monitor, receiver, told };
}

/** 12 failures in each of so many minutes from now on, and time passes with them. */
function fail({ record, clock }: Pick<MonitorFixture, "record" | "clock">, minutes: number) {
  for (let n = 0; n < minutes; n++) {
    record(clock.now() + 1, failing, 12);
    clock.advance(MINUTE);
  }
}

/** The parts of an alert that another run, other values and other names would change, by path. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]);
}

describe("an alert that fires", () => {
  test("is told once, in the common schema, field by field as it is published", async () => {
    const system = await start();
    fail(system, 5);
    const [alert] = await system.told(1);
    const sample = published("alert-common-metric-multi-dimension-ml-endpoint-fired-derived.json");
    expect(shapeOf(alert)).toEqual(shapeOf(sample));
    const place = "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg-outerloop";
    expect(alert).toEqual({
      schemaId: "azureMonitorCommonAlertSchema",
      data: {
        essentials: {
          alertId: expect.stringMatching(
            /^\/subscriptions\/[0-9-]+1\/providers\/Microsoft\.AlertsManagement\/alerts\/[0-9a-f-]{36}$/,
          ),
          alertRule: "online endpoint errors",
          severity: "Sev1",
          signalType: "Metric",
          monitorCondition: "Fired",
          monitoringService: "Platform",
          alertTargetIDs: [
            `${place}/providers/microsoft.machinelearningservices/workspaces/mlw-outerloop/onlineendpoints/Weather`,
          ],
          configurationItems: ["Weather"],
          originAlertId: expect.stringMatching(
            /^00000000-0000-0000-0000-000000000001_rg-outerloop_microsoft\.insights_metricAlerts_online endpoint errors_-?\d+$/,
          ),
          // 12 × 5 failures in 5 minutes are 12 a minute: more than 10 only once all five minutes are in.
          firedDateTime: "2026-01-01T12:05:00.000Z",
          description: "5xx per minute above 10 on one deployment",
          essentialsVersion: "1.0",
          alertContextVersion: "1.0",
        },
        alertContext: {
          properties: null,
          conditionType: "SingleResourceMultipleMetricCriteria",
          condition: {
            windowSize: "PT5M",
            allOf: [
              {
                metricName: "RequestsPerMinute",
                metricNamespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
                operator: "GreaterThan",
                threshold: "10",
                timeAggregation: "Average",
                dimensions: [
                  { name: "deployment", value: "blue" },
                  { name: "statusCodeClass", value: "5xx" },
                  { name: "modelStatusCode", value: "500" },
                ],
                metricValue: 12,
                webTestName: null,
              },
            ],
            windowStartTime: "2026-01-01T12:00:00.000Z",
            windowEndTime: "2026-01-01T12:05:00.000Z",
          },
        },
        customProperties: null,
      },
    });
    fail(system, 5);
    expect(system.monitor.service.stats?.()).toMatchObject({ alertsDelivered: 1, alertsLost: 0 });
    expect(system.receiver.alerts).toHaveLength(1);
  });

  test("is read by the product as a failing endpoint with its deployment", async () => {
    const system = await start();
    fail(system, 5);
    const [alert] = await system.told(1);
    expect(parseMonitorAlert(alert)).toMatchObject({
      outcome: "signal",
      signals: [
        {
          kind: "endpoint.failing",
          state: "raised",
          severity: 1,
          subject: { endpoint: "Weather", deployment: "blue" },
          evidence: {
            measurements: [{ metric: "RequestsPerMinute", value: 12, threshold: 10, window: "PT5M" }],
          },
        },
      ],
    });
  });

  test("repeats the author's own properties in both places", async () => {
    const own = { "outerloop.model": "weather" };
    const system = await start(errorsRule({ customProperties: own }));
    fail(system, 5);
    expect(await system.told(1)).toMatchObject([
      { data: { alertContext: { properties: own }, customProperties: own } },
    ]);
  });

  test("comes in the older schema to a receiver that does not ask for the common one", async () => {
    const system = await start();
    await putGroup(system, system.receiver.url, false);
    fail(system, 5);
    const [alert] = await system.told(1);
    expect(shapeOf(alert)).toEqual(
      shapeOf({
        ...published("alert-legacy-metric-static-activated.json"),
        data: {
          ...published("alert-legacy-metric-static-activated.json").data,
          properties: null,
          context: expectedLegacyContext(),
        },
      }),
    );
    expect(alert).toMatchObject({ schemaId: "AzureMonitorMetricAlert", data: { status: "Activated" } });
  });

  test("is one for each series that its dimensions split the metric into", async () => {
    const system = await start();
    for (const deployment of ["blue", "green"]) {
      for (let n = 0; n < 5; n++) system.record(NOON + n * MINUTE, { ...failing, deployment }, 11);
    }
    system.clock.advance(5 * MINUTE);
    const alerts = await system.told(2);
    expect(alerts.map((alert) => parseMonitorAlert(alert))).toMatchObject([
      { signals: [{ subject: { deployment: "blue" } }] },
      { signals: [{ subject: { deployment: "green" } }] },
    ]);
  });

  test("does not fire at the threshold itself, nor for answers of another class", async () => {
    const system = await start();
    for (let n = 0; n < 5; n++) {
      system.record(NOON + n * MINUTE, failing, 10);
      system.record(NOON + n * MINUTE, { statusCode: 429 }, 50);
    }
    system.clock.advance(10 * MINUTE);
    const statuses = await system.client.metricAlertsStatus.list(GROUP, "online endpoint errors");
    expect(statuses.value?.map(({ properties }) => properties?.status)).toEqual(["Healthy"]);
    expect(system.receiver.alerts).toEqual([]);
  });
});

function expectedLegacyContext() {
  const { context } = published("alert-legacy-metric-static-activated.json").data;
  const [criterion] = context.condition.allOf;
  const dimension = criterion.dimensions[0];
  const allOf = [{ ...criterion, dimensions: [dimension, dimension, dimension] }];
  return { ...context, condition: { ...context.condition, allOf } };
}

describe("an alert that is over", () => {
  test("resolves after three evaluations without the condition, under the same id", async () => {
    const system = await start();
    fail(system, 5);
    await system.told(1);
    // Four of the five minutes still fail at 12:06: 48 in 5 minutes are fewer than 10 a minute.
    system.clock.advance(3 * MINUTE);
    const [fired, resolved] = await system.told(2);
    const sample = published("alert-common-metric-multi-dimension-ml-endpoint-resolved-derived.json");
    expect(shapeOf(resolved)).toEqual(shapeOf(sample));
    const idOf = (alert: unknown) =>
      (alert as { data: { essentials: { alertId: string } } }).data.essentials.alertId;
    expect(idOf(resolved)).toBe(idOf(fired));
    expect(resolved).toMatchObject({
      data: {
        essentials: {
          monitorCondition: "Resolved",
          firedDateTime: "2026-01-01T12:05:00.000Z",
          resolvedDateTime: "2026-01-01T12:08:00.000Z",
        },
        // Two minutes of failures are left in the window: 24 in 5 minutes.
        alertContext: { condition: { allOf: [{ metricValue: 4.8 }] } },
      },
    });
    expect(parseMonitorAlert(resolved)).toMatchObject({
      signals: [{ state: "cleared", kind: "endpoint.failing" }],
    });
  });

  test("resolves also when no request comes any more, with a value of no requests", async () => {
    const system = await start(errorsRule({ windowSize: "PT1M" }));
    fail(system, 1);
    await system.told(1);
    system.clock.advance(3 * MINUTE);
    const [, resolved] = await system.told(2);
    expect(resolved).toMatchObject({
      data: {
        essentials: { monitorCondition: "Resolved", resolvedDateTime: "2026-01-01T12:04:00.000Z" },
        alertContext: { condition: { allOf: [{ metricValue: 0, dimensions: [{ value: "blue" }, {}, {}] }] } },
      },
    });
  });

  test("starts to count anew when the condition is met in between, and fires no second time", async () => {
    const system = await start(errorsRule({ windowSize: "PT1M" }));
    fail(system, 1);
    await system.told(1);
    system.clock.advance(2 * MINUTE);
    fail(system, 1);
    system.clock.advance(3 * MINUTE);
    expect(await system.told(2)).toMatchObject([
      {},
      {
        data: { essentials: { monitorCondition: "Resolved", resolvedDateTime: "2026-01-01T12:07:00.000Z" } },
      },
    ]);
  });

  test("fires again as another alert after it was resolved", async () => {
    const system = await start(errorsRule({ windowSize: "PT1M" }));
    fail(system, 1);
    await system.told(1);
    system.clock.advance(3 * MINUTE);
    await system.told(2);
    fail(system, 1);
    const alerts = await system.told(3);
    const ids = alerts.map(
      (alert) => (alert as { data: { essentials: { alertId: string } } }).data.essentials.alertId,
    );
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test("never resolves without autoMitigate: every evaluation that meets the condition fires another", async () => {
    const system = await start(errorsRule({ windowSize: "PT1M", autoMitigate: false }));
    fail(system, 2);
    system.clock.advance(5 * MINUTE);
    const alerts = await system.told(2);
    expect(alerts).toHaveLength(2);
    expect(alerts).toMatchObject(Array(2).fill({ data: { essentials: { monitorCondition: "Fired" } } }));
  });
});

test("an alert that is active survives a restart: it fires no second time, and resolves under its id", async () => {
  const first = await start(errorsRule({ windowSize: "PT1M" }));
  fail(first, 1);
  const [fired] = await first.told(1);
  await first.stop();
  const second = await startMonitor({ data: first.data, clock: first.clock });
  fail(second, 1);
  second.clock.advance(3 * MINUTE);
  await delivered(second, 2);
  const idOf = (alert: unknown) =>
    (alert as { data: { essentials: { alertId: string } } }).data.essentials.alertId;
  expect(first.receiver.alerts).toMatchObject([
    { data: { essentials: { monitorCondition: "Fired" } } },
    { data: { essentials: { monitorCondition: "Resolved", alertId: idOf(fired) } } },
  ]);
});

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
