import { describe, expect, test } from "vitest";
import { parseMonitorAlert } from "../../../../shared/signals/parse.ts";
import { fail, failing, shapeOf, start } from "./alerts-fixture.ts";
import {
  delivered,
  errorsRule,
  GROUP,
  MINUTE,
  NOON,
  published,
  putGroup,
  startMonitor,
} from "./monitor-fixture.ts";

const idOf = (alert: unknown) =>
  (alert as { data: { essentials: { alertId: string } } }).data.essentials.alertId;

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
    const ids = alerts.map(idOf);
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
  expect(first.receiver.alerts).toMatchObject([
    { data: { essentials: { monitorCondition: "Fired" } } },
    { data: { essentials: { monitorCondition: "Resolved", alertId: idOf(fired) } } },
  ]);
});
