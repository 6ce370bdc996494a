import { describe, expect, test } from "vitest";
import { parseMonitorAlert } from "../../../shared/signals/parse.ts";

/** An alert of one of the services that fire about the activity log, in the common schema. */
function alert(monitoringService: string, alertContext: object) {
  const outcome = parseMonitorAlert({
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId: "/alerts/1",
        monitorCondition: "Fired",
        monitoringService,
        alertTargetIDs: ["/subscriptions/s"],
        firedDateTime: "2026-07-01T08:00:00Z",
      },
      alertContext,
    },
  });
  const [signal] = outcome.outcome === "signal" ? outcome.signals : [];
  const reason = outcome.outcome === "ignored" ? outcome.reason : undefined;
  return { rule: outcome.rule, signal, reason };
}

const long = "x".repeat(500);

describe("something that was done in a subscription", () => {
  const ADMIN = "Activity Log - Administrative";
  const ENDPOINT =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e";

  test.each(["OutOfCapacity", "OutOfQuota: quota exceeded", "AllocationFailed", "SkuNotAvailable"])(
    "and failed for want of room (%s) is lacking capacity",
    (statusMessage) => {
      const { rule, signal } = alert(ADMIN, {
        operationName: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write",
        status: "Failed",
        properties: { statusMessage: ` ${statusMessage} `, entity: ENDPOINT },
      });
      expect(rule).toBe("alert/activitylog-administrative/no-capacity");
      expect(signal).toMatchObject({
        kind: "capacity.insufficient",
        subject: { endpoint: "e" },
        evidence: {
          facts: {
            operation: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write",
            trouble: statusMessage,
          },
        },
      });
    },
  );

  test("tells where it says that there is no room: in the sub-status or in the message, too", () => {
    expect(alert(ADMIN, { status: "Failed", subStatus: "SkuNotAvailable" }).signal?.kind).toBe(
      "capacity.insufficient",
    );
    expect(
      alert(ADMIN, { status: "failed", properties: { message: "quota" } }).signal?.evidence.facts,
    ).toEqual({
      operation: "an unnamed operation",
      trouble: "quota",
    });
  });

  test("and failed for another reason, or lacked no room, calls for nothing, in words", () => {
    expect(alert(ADMIN, { operationName: "delete", status: "Failed" })).toMatchObject({
      rule: "alert/activitylog-administrative",
      reason: "no reaction to delete, which failed",
    });
    expect(alert(ADMIN, { operationName: "delete", status: "Succeeded", subStatus: "quota" }).reason).toBe(
      "no reaction to delete, which succeeded",
    );
    expect(alert(ADMIN, { subStatus: "quota" }).reason).toBe(
      "no reaction to an unnamed operation, which happened",
    );
  });

  test("is cut where its words have no end", () => {
    expect(alert(ADMIN, { operationName: long, status: long }).reason).toBe(
      `no reaction to ${"x".repeat(120)}, which ${"x".repeat(40)}`,
    );
  });

  test("is known by its event's id, and without one by the alert and its time", () => {
    const context = { status: "Failed", subStatus: "quota" };
    const ids = [
      { ...context, eventDataId: "1" },
      { ...context, eventDataId: "2" },
      context,
      { ...context, eventDataId: "<GUID>" },
    ].map((one) => alert(ADMIN, one).signal?.id);
    expect(new Set(ids).size).toBe(3);
    expect(ids[3]).toBe(ids[2]);
  });
});

describe("a threat that Defender found", () => {
  test.each([
    { severity: "High", expected: 1 },
    { severity: "medium", expected: 2 },
    { severity: "LOW", expected: 3 },
    { severity: "Informational", expected: 4 },
    { severity: "odd", expected: 2 },
    { severity: undefined, expected: 2 },
  ])("of severity $severity counts as $expected", ({ severity, expected }) => {
    const { rule, signal } = alert("Activity Log - Security", {
      properties: { severity, category: "API", compromisedEntity: "shop" },
    });
    expect(rule).toBe("alert/activitylog-security/security");
    expect(signal).toMatchObject({
      kind: "api.threatened",
      severity: expected,
      evidence: { facts: { category: "API", compromisedEntity: "shop" } },
    });
  });
});

describe("a resource's health", () => {
  const health = (properties: object, more: object = {}) => alert("Resource Health", { properties, ...more });

  test("raises and clears, with what was before and why", () => {
    const { rule, signal } = health({
      currentHealthStatus: "Unavailable",
      previousHealthStatus: "Available",
      cause: "PlatformInitiated",
      title: "Down",
    });
    expect(rule).toBe("alert/resourcehealth/raised");
    expect(signal).toMatchObject({
      kind: "platform.unhealthy",
      state: "raised",
      severity: 1,
      evidence: {
        facts: {
          current: "Unavailable",
          previous: "Available",
          cause: "PlatformInitiated",
          title: "Down",
        },
      },
    });
    expect(health({ currentHealthStatus: "Available" })).toMatchObject({
      rule: "alert/resourcehealth/cleared",
      signal: { state: "cleared" },
    });
  });

  test.each([
    {
      properties: { currentHealthStatus: "Unavailable", cause: "UserInitiated" },
      reason: "Unavailable with cause UserInitiated calls for nothing",
    },
    { properties: {}, reason: "an unknown health with cause unknown calls for nothing" },
    {
      properties: { currentHealthStatus: long, cause: long },
      reason: `${"x".repeat(40)} with cause ${"x".repeat(40)} calls for nothing`,
    },
  ])("that is unknown, or meant, calls for nothing: $reason", ({ properties, reason }) => {
    expect(health(properties)).toMatchObject({ rule: "alert/resourcehealth", reason });
  });

  test("is known by its event's id, and without one by the alert and its time", () => {
    const down = { currentHealthStatus: "Degraded" };
    const ids = ["1", "2", undefined].map((eventDataId) => health(down, { eventDataId }).signal?.id);
    expect(new Set(ids).size).toBe(3);
  });
});

describe("an incident of Azure", () => {
  const incident = (properties: object) => alert("ServiceHealth", { properties });

  test.each([
    { incidentType: "Incident", stage: "Active", state: "raised" },
    { incidentType: "security", stage: "Active", state: "raised" },
    { incidentType: "Incident", stage: undefined, state: "raised" },
    { incidentType: "Incident", stage: "Resolved", state: "cleared" },
    { incidentType: "Incident", stage: "RCA", state: "cleared" },
    { incidentType: "Incident", stage: "Unresolved", state: "raised" },
    { incidentType: "Incident", stage: "ResolvedSoon", state: "raised" },
  ])("of type $incidentType in stage $stage is $state", ({ state, ...properties }) => {
    expect(incident({ trackingId: "ABCD", ...properties })).toMatchObject({
      rule: `alert/servicehealth/${state}`,
      signal: { kind: "platform.unhealthy", state, evidence: { facts: { trackingId: "ABCD" } } },
    });
  });

  test.each(["Maintenance", "NonIncident", "IncidentReview"])("of type %s is none", (incidentType) => {
    expect(incident({ incidentType })).toMatchObject({
      rule: "alert/servicehealth",
      reason: `a Service Health event of type ${incidentType} calls for nothing`,
    });
  });

  test("without a type, or with one that has no end, is none, in few words", () => {
    expect(incident({}).reason).toBe("a Service Health event of type unknown calls for nothing");
    expect(incident({ incidentType: long }).reason).toBe(
      `a Service Health event of type ${"x".repeat(40)} calls for nothing`,
    );
  });
});

describe("what Application Insights noticed", () => {
  const noticed = (DetectionSummary: string | undefined, SmartDetectorName?: string) =>
    alert("SmartDetector", { DetectionSummary, SmartDetectorName });

  test.each([
    { summary: "Abnormal rise in failed requests", rule: "failures", kind: "endpoint.failing" },
    { summary: "Response time rose: latency", rule: "slowness", kind: "endpoint.slow" },
    { summary: "Degradation in duration", rule: "slowness", kind: "endpoint.slow" },
  ])("$summary is $kind", ({ summary, rule, kind }) => {
    expect(noticed(summary)).toMatchObject({
      rule: `alert/smartdetector/${rule}`,
      signal: { kind, evidence: { facts: { DetectionSummary: summary } } },
    });
  });

  test("is also known by the detector's name", () => {
    expect(noticed("Something is odd", "FailureAnomaliesDetector").signal?.kind).toBe("endpoint.failing");
  });

  test.each([
    { summary: "A memory leak", reason: "no reaction to A memory leak" },
    { summary: undefined, reason: "no reaction to a detection without a summary" },
    { summary: long, reason: `no reaction to ${"x".repeat(120)}` },
    { summary: "it ends in slo", reason: "no reaction to it ends in slo" },
  ])("calls for nothing when it is something else: $reason", ({ summary, reason }) => {
    expect(noticed(summary, "w")).toMatchObject({ rule: "alert/smartdetector", reason });
  });
});
