import { expect, test } from "vitest";
import { parseModelEvent } from "../../../shared/signals/parse.ts";

const change = (data: object, name = "Changed") =>
  parseModelEvent({
    id: "1",
    topic: "/subscriptions/s",
    subject: "/subscriptions/s/resourceGroups/g",
    eventType: `Microsoft.PolicyInsights.PolicyState${name}`,
    eventTime: "2026-07-01T08:00:00Z",
    data: { policyAssignmentId: "/assignments/a", ...data },
  });

test.each([
  { complianceState: "NonCompliant", state: "raised" },
  { complianceState: "Compliant", state: "cleared" },
  { complianceState: "EXEMPT", state: "cleared" },
])("a compliance of $complianceState is $state", ({ complianceState, state }) => {
  expect(change({ complianceState })).toMatchObject({
    rule: "policy/state-changed",
    signals: [{ kind: "policy.violated", state, occurredAt: "2026-07-01T08:00:00.000Z" }],
  });
});

test("a deleted state is cleared, whatever it was", () => {
  const gone = change({ complianceState: "NonCompliant" }, "Deleted");
  expect(gone).toMatchObject({ signals: [{ state: "cleared" }] });
});

test.each([
  { complianceState: "Unknown", reason: "a compliance of Unknown calls for nothing" },
  { complianceState: undefined, reason: "a compliance of nothing calls for nothing" },
  { complianceState: "x".repeat(100), reason: `a compliance of ${"x".repeat(40)} calls for nothing` },
])("$reason", ({ complianceState, reason }) => {
  expect(change({ complianceState })).toEqual({
    outcome: "ignored",
    rule: "policy/state-changed",
    reason,
  });
});

test("a state without an assignment is refused, naming the field", () => {
  expect(change({ policyAssignmentId: "" })).toMatchObject({
    outcome: "rejected",
    rule: "policy/state-changed",
    field: "data.policyAssignmentId",
  });
});

test("two definitions of one assignment are two violations; no definition is a third", () => {
  const ids = ["d1", "d2", undefined].map((policyDefinitionId) => {
    const outcome = change({ complianceState: "NonCompliant", policyDefinitionId });
    return outcome.outcome === "signal" ? outcome.signals[0]?.id : outcome;
  });
  expect(new Set(ids).size).toBe(3);
});
