import { describe, expect, test } from "vitest";
import { parseMonitorAlert } from "../../../shared/signals/parse.ts";

function alert(essentials: object, alertContext: object = {}, customProperties: object = {}) {
  return {
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId: "/alerts/1",
        monitorCondition: "Fired",
        monitoringService: "Platform",
        firedDateTime: "2026-07-01T08:00:00Z",
        ...essentials,
      },
      alertContext,
      customProperties,
    },
  };
}

describe("what is no alert", () => {
  test.each([
    { body: null, found: "null" },
    { body: ["x"], found: "a list" },
    { body: 5, found: "5" },
  ])("is refused as $found", ({ body, found }) => {
    expect(parseMonitorAlert(body)).toEqual({
      outcome: "rejected",
      rule: "alert",
      field: "",
      reason: `expected one alert, found ${found}`,
    });
  });

  test.each([
    { schemaId: "other", found: '"other"' },
    { schemaId: undefined, found: "nothing" },
  ])("is refused for its schema: $found", ({ schemaId, found }) => {
    expect(parseMonitorAlert({ schemaId })).toEqual({
      outcome: "rejected",
      rule: "alert",
      field: "schemaId",
      reason: `expected a schema of Azure Monitor, found ${found}`,
    });
  });

  test("is refused for a field that cannot be read, by its name", () => {
    expect(parseMonitorAlert(alert({ alertId: "" }))).toMatchObject({
      outcome: "rejected",
      rule: "alert",
      field: "data.essentials.alertId",
    });
  });
});

describe("an alert that nobody has a row for calls for nothing, and says what it is", () => {
  const HINT = "; the alert rule can name one with the custom property outerloop.kind";

  test.each([
    {
      criterion: { metricName: "Availability", metricNamespace: "Microsoft.Storage/accounts" },
      what: "Availability of microsoft.storage/accounts",
    },
    { criterion: { metricName: "Availability" }, what: "Availability of no namespace" },
    { criterion: {}, what: "rule my rule", alertRule: "my rule" },
    { criterion: {}, what: "rule (unnamed)" },
    { criterion: { metricName: "x".repeat(300) }, what: "x".repeat(200) },
  ])("as $what", ({ criterion, what, alertRule }) => {
    expect(parseMonitorAlert(alert({ alertRule }, { condition: { allOf: [criterion] } }))).toEqual({
      outcome: "ignored",
      rule: "alert/platform",
      reason: `no reaction to ${what}${HINT}`,
    });
  });

  test.each(["Log Alerts V2", "Log Analytics", "Application Insights"])("as a query of %s", (service) => {
    const context = { condition: { allOf: [{ searchQuery: "Heartbeat" }] } };
    const essentials = { monitoringService: service, alertRule: "beats" };
    expect(parseMonitorAlert(alert(essentials, context))).toMatchObject({
      outcome: "ignored",
      reason: `no reaction to rule beats${HINT}`,
    });
  });

  test("as a service that is not known, cut short", () => {
    const long = "y".repeat(90);
    expect(parseMonitorAlert(alert({ monitoringService: long }))).toEqual({
      outcome: "ignored",
      rule: `alert/${"y".repeat(40)}`,
      reason: `no reaction to alerts of "${"y".repeat(60)}…"`,
    });
  });
});

describe("a custom property", () => {
  const stated = (customProperties: object) => parseMonitorAlert(alert({}, {}, customProperties));

  test("states kind, model and endpoint", () => {
    const custom = {
      "outerloop.kind": "drift.data",
      "outerloop.model": "fraud",
      "outerloop.endpoint": "shop",
    };
    expect(stated(custom)).toMatchObject({
      rule: "alert/platform/stated",
      signals: [{ kind: "drift.data", subject: { model: "fraud", endpoint: "shop" } }],
    });
  });

  test("that states no kind of ours states nothing", () => {
    expect(stated({ "outerloop.kind": "drift.everything" }).outcome).toBe("ignored");
  });
});

test("an alert is about its first target that is of Azure ML, else about its first", () => {
  const of = (...alertTargetIDs: string[]) => {
    const outcome = parseMonitorAlert(alert({ alertTargetIDs }, {}, { "outerloop.kind": "endpoint.slow" }));
    return outcome.outcome === "signal" ? outcome.signals[0]?.subject : outcome;
  };
  const workspace = "/subscriptions/s/providers/Microsoft.MachineLearningServices/workspaces/w";
  expect(of("/subscriptions/s/vm", workspace)).toEqual({ workspace });
  expect(of("/subscriptions/s/vm", "/subscriptions/s/disk")).toEqual({ resource: "/subscriptions/s/vm" });
  expect(of()).toEqual({});
});

test("services whose alert id names the rule tell one alert from the next by its time", () => {
  const id = (monitoringService: string, firedDateTime: string) => {
    const outcome = parseMonitorAlert(
      alert({ monitoringService, firedDateTime }, {}, { "outerloop.kind": "endpoint.slow" }),
    );
    return outcome.outcome === "signal" ? outcome.signals[0]?.id : outcome;
  };
  const [first, second] = ["2026-07-01T08:00:00Z", "2026-07-01T09:00:00Z"];
  expect(id("Platform", first)).toBe(id("Platform", second));
  expect(id("Resource Health", first)).not.toBe(id("Resource Health", second));
});
