import { describe, expect, test } from "vitest";
import { type ParseOutcome, parseModelEvent, parseMonitorAlert } from "../../../shared/signals/parse.ts";
import { Signal } from "../../../shared/signals/signal.ts";
import { fixture, fixtureNames } from "./fixtures.ts";

/** What a door makes of each fixture: the kinds and states of its signals, or why there is none. */
const OUTCOMES: Record<string, string> = {
  "cloudevents-deadletter-envelope": "ignored event-grid/unknown-type",
  "cloudevents-keyvault-secret-new-version": "ignored event-grid/unknown-type",
  "cloudevents-ml-dataset-drift-detected": "drift.data raised",
  "cloudevents-ml-model-deployed": "model.deployed raised, model.deployed raised",
  "cloudevents-ml-model-registered": "model.registered raised",
  "cloudevents-ml-run-completed": "job.completed raised",
  "cloudevents-ml-run-status-changed": "job.failed raised",
  "cloudevents-policy-state-changed": "policy.violated raised",
  "cloudevents-resourcenotifications-resource-annotated": "ignored health/resource-annotated",
  "eventgrid-acr-chart-pushed": "ignored registry/changed",
  "eventgrid-acr-image-deleted": "ignored registry/changed",
  "eventgrid-acr-image-pushed": "ignored registry/changed",
  "eventgrid-arm-resource-write-success": "ignored event-grid/unknown-type",
  "eventgrid-deadletter-envelope": "ignored event-grid/unknown-type",
  "eventgrid-keyvault-secret-new-version": "ignored event-grid/unknown-type",
  "eventgrid-ml-dataset-drift-detected": "drift.data raised",
  "eventgrid-ml-model-deployed": "model.deployed raised, model.deployed raised",
  "eventgrid-ml-model-registered": "model.registered raised",
  "eventgrid-ml-run-completed": "job.completed raised",
  "eventgrid-ml-run-status-changed": "job.failed raised",
  "eventgrid-ml-run-status-changed-monitor-breach-derived": "drift.data raised",
  "eventgrid-ml-run-status-changed-monitor-breach-root-run-derived": "drift.data raised",
  "eventgrid-policy-state-changed": "policy.violated raised",
  "eventgrid-policy-state-changed-management-group": "policy.violated raised",
  "eventgrid-policy-state-created": "policy.violated raised",
  "eventgrid-resourcenotifications-availability-status-changed": "platform.unhealthy cleared",
  "eventgrid-resourcenotifications-created-or-updated": "ignored event-grid/unknown-type",
  "eventgrid-subscription-deleted": "ignored event-grid/unknown-type",
  "eventgrid-subscription-validation": "handshake event-grid/handshake",
  "alert-classic-metric-activated": "ignored alert/platform",
  "alert-common-activitylog-administrative-fired": "ignored alert/activitylog-administrative",
  "alert-common-activitylog-autoscale-fired-derived": "ignored alert/activitylog-autoscale",
  "alert-common-activitylog-policy-fired-derived": "policy.violated raised",
  "alert-common-activitylog-recommendation-fired": "ignored alert/activitylog-recommendation",
  "alert-common-activitylog-security-fired-derived": "api.threatened raised",
  "alert-common-availability-test-fired": "network.unreachable raised",
  "alert-common-budget-actual-cost-fired": "budget.reached raised",
  "alert-common-budget-forecasted-fired": "budget.reached raised",
  "alert-common-budget-sample-fired": "ignored budget/tier",
  "alert-common-log-v1-metric-measurement-fired": "ignored alert/loganalytics",
  "alert-common-log-v1-number-of-results-fired": "ignored alert/loganalytics",
  "alert-common-log-v2-fired": "ignored alert/logalertsv2",
  "alert-common-log-v2-resolved-derived": "ignored alert/logalertsv2",
  "alert-common-metric-dynamic-fired": "ignored alert/platform",
  "alert-common-metric-multi-dimension-ml-endpoint-fired-derived": "endpoint.failing raised",
  "alert-common-metric-multi-dimension-ml-endpoint-resolved-derived": "endpoint.failing cleared",
  "alert-common-metric-static-fired": "ignored alert/platform",
  "alert-common-metric-static-resolved": "ignored alert/platform",
  "alert-common-prometheus-fired": "ignored alert/prometheus",
  "alert-common-resource-health-fired": "ignored alert/resourcehealth",
  "alert-common-service-health-fired": "platform.unhealthy cleared",
  "alert-common-smart-detector-fired": "endpoint.slow raised",
  "alert-legacy-activitylog-administrative": "ignored alert/activitylog-administrative",
  "alert-legacy-advisor-recommendation": "ignored alert/activitylog-recommendation",
  "alert-legacy-budget-aip": "budget.reached raised",
  "alert-legacy-log-application-insights": "ignored alert/loganalytics",
  "alert-legacy-log-v1-metric-measurement": "ignored alert/loganalytics",
  "alert-legacy-log-v1-number-of-results": "ignored alert/loganalytics",
  "alert-legacy-metric-dynamic-activated": "ignored alert/platform",
  "alert-legacy-metric-static-activated": "ignored alert/platform",
  "alert-legacy-resource-health": "ignored alert/resourcehealth",
  "alert-legacy-service-health": "platform.unhealthy cleared",
  "alert-smart-detection-failure-anomalies-resolved": "endpoint.failing cleared",
};

/** Payloads of Event Hubs and of registry webhooks, which no alert or Event Grid door reads. */
const OTHERS = /^(acr-webhook|aml-monitor|defender|eventhub|fragment)-/;

function summary(outcome: ParseOutcome): string {
  if (outcome.outcome !== "signal") return `${outcome.outcome} ${outcome.rule}`;
  return outcome.signals.map(({ kind, state }) => `${kind} ${state}`).join(", ");
}

const parse = (name: string): ParseOutcome =>
  name.startsWith("alert-") ? parseMonitorAlert(fixture(name)) : parseModelEvent(fixture(name));

describe("every fixture has its outcome", () => {
  test("and none is forgotten", () => {
    expect(Object.keys(OUTCOMES).sort()).toEqual(fixtureNames.filter((name) => !OTHERS.test(name)).sort());
  });

  test.each(Object.entries(OUTCOMES))("%s: %s", (name, expected) => {
    const outcome = parse(name);
    expect(summary(outcome)).toBe(expected);
    if (outcome.outcome !== "signal") return;
    for (const signal of outcome.signals) expect(Signal.parse(signal)).toEqual(signal);
  });

  test.each(fixtureNames.filter((name) => OTHERS.test(name)))(
    "%s is no alert and no event, and gives no signal there",
    (name) => {
      expect(parseModelEvent(fixture(name)).outcome).not.toBe("signal");
      expect(parseMonitorAlert(fixture(name)).outcome).toBe("rejected");
    },
  );
});

test.each([
  ["Microsoft.ContainerRegistry.ImagePushed", { action: "push" }, '"push"'],
  ["ImageDeleted", {}, '"ImageDeleted"'],
  ["ChartPushed", undefined, '"ChartPushed"'],
  ["Microsoft.ContainerRegistry.ChartDeleted", { action: "chart_delete" }, '"chart_delete"'],
])("%s, told by a registry, calls for nothing by itself", (eventType, data, word) => {
  const event = { id: "1", eventType, eventTime: "2026-07-01T08:00:00Z", data };
  expect(parseModelEvent(event)).toEqual({
    outcome: "ignored",
    rule: "registry/changed",
    reason: `${word} in a registry calls for nothing until a scan finds something`,
  });
  expect(parseModelEvent({ ...event, data: 7 })).toMatchObject({ outcome: "rejected", field: "data" });
});

test("a registry's year of three digits, as the documentation once printed it, is refused by its field", () => {
  const event = { id: "1", eventType: "ImagePushed", eventTime: "018-04-25T21:39:47.6549614Z", data: {} };
  expect(parseModelEvent(event)).toMatchObject({ outcome: "rejected", field: "eventTime" });
});

describe("where one workspace is watched", () => {
  const watched =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
  const from = (topic: string, name = "ModelRegistered") => ({
    id: "1",
    topic,
    subject: "models/m:1",
    eventType: `Microsoft.MachineLearningServices.${name}`,
    eventTime: "2026-07-01T08:00:00Z",
    data: { ServiceName: "e", RunId: "r", RunStatus: "Failed", DataDriftId: "d", DataDriftName: "d" },
  });
  const other = `${watched}-2`;

  test.each(["ModelRegistered", "ModelDeployed", "RunCompleted", "RunStatusChanged", "DatasetDriftDetected"])(
    "a %s of another is ignored by a rule that names it, and one of its own is not, in whatever case",
    (name) => {
      expect(parseModelEvent(from(other, name), watched)).toEqual({
        outcome: "ignored",
        rule: "ml/other-workspace",
        reason: 'it comes from workspace "w-2", which is not watched',
      });
      expect(parseModelEvent(from(watched.toUpperCase(), name), watched).outcome).toBe("signal");
      expect(parseModelEvent(from(other, name)).outcome).toBe("signal");
    },
  );

  test("a registry's events, and those without a topic, are nobody else's", () => {
    const registry = watched.replace("workspaces/w", "registries/r");
    expect(parseModelEvent(from(registry), watched).outcome).toBe("signal");
    expect(parseModelEvent(from(""), watched).outcome).toBe("signal");
  });

  test("what happens to other resources is told whatever it is about", () => {
    const event = {
      ...from(other),
      eventType: "Microsoft.PolicyInsights.PolicyStateChanged",
      data: { policyAssignmentId: "a", complianceState: "NonCompliant" },
    };
    expect(parseModelEvent(event, watched).outcome).toBe("signal");
  });
});

describe("hostile and foreign payloads", () => {
  test.each([null, undefined, 1, "text", [], [1, 2], {}, { id: 7 }, Object.create(null)])(
    "are refused with a field and a reason: %j",
    (body) => {
      expect(parseModelEvent(body)).toMatchObject({ outcome: "rejected", reason: expect.any(String) });
      expect(parseMonitorAlert(body)).toMatchObject({ outcome: "rejected", reason: expect.any(String) });
    },
  );

  test.each([
    { body: [], found: "a list" },
    {
      body: [
        { id: "1", eventType: "A.B" },
        { id: "2", eventType: "A.B" },
      ],
      found: "a list",
    },
    { body: "text", found: '"text"' },
  ])("are refused as events when they are not one: $found", ({ body, found }) => {
    expect(parseModelEvent(body)).toEqual({
      outcome: "rejected",
      rule: "event-grid",
      field: "",
      reason: `expected one event, found ${found}`,
    });
  });

  test("of a type that nobody knows are ignored by its name, without a look at their time", () => {
    expect(parseModelEvent([{ id: "1", type: "Some.Type" }])).toEqual({
      outcome: "ignored",
      rule: "event-grid/unknown-type",
      reason: 'no reaction to events of type "Some.Type"',
    });
  });

  test("that lack what every event has are refused by the field", () => {
    expect(parseModelEvent({ id: "1", eventType: "" })).toMatchObject({
      outcome: "rejected",
      rule: "event-grid",
      field: "eventType",
    });
  });

  test("name the time of a CloudEvent as it does", () => {
    const event = { id: "1", type: "Microsoft.MachineLearningServices.RunCompleted", data: {} };
    expect(parseModelEvent(event)).toEqual({
      outcome: "rejected",
      rule: "ml/run-completed",
      field: "time",
      reason: "time: expected a date such as 2026-01-31T08:00:00Z, found nothing",
    });
  });

  test("name the field that is wrong", () => {
    const event = {
      id: "1",
      eventType: "Microsoft.MachineLearningServices.ModelRegistered",
      eventTime: "soon",
      data: {},
    };
    expect(parseModelEvent(event)).toMatchObject({
      outcome: "rejected",
      rule: "ml/model-registered",
      field: "eventTime",
      reason: 'eventTime: expected a date such as 2026-01-31T08:00:00Z, found "soon"',
    });
  });
});
