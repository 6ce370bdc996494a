import { describe, expect, test } from "vitest";
import { readMoney } from "../../../shared/signals/budget-alert.ts";
import { parseBudgetAlert } from "../../../shared/signals/parse.ts";
import type { Signal } from "../../../shared/signals/signal.ts";

const JULY = new Date("2026-07-01T12:00:00Z");

const legacy = (data: object) => ({
  schemaId: "AIP Budget Notification",
  data: { BudgetName: "team", ...data },
});

function only(payload: unknown, receivedAt: Date | undefined = JULY): Signal {
  const outcome = parseBudgetAlert(payload, receivedAt);
  if (outcome.outcome !== "signal" || !outcome.signals[0]) throw new Error(JSON.stringify(outcome));
  return outcome.signals[0];
}

test("a budget's alert that says no more than its name is a signal that claims no more", () => {
  expect(only(legacy({}))).toEqual({
    id: expect.stringMatching(/^budget\.reached:[0-9a-f]{32}$/),
    kind: "budget.reached",
    state: "raised",
    subject: { budget: "team" },
    severity: 3,
    occurredAt: "2026-07-01T12:00:00.000Z",
    evidence: {
      measurements: [{ metric: "cost", value: null, threshold: null }],
      facts: { thresholdType: "Actual" },
    },
    source: { door: "alerts", type: "CostAlerts", id: "team" },
  });
});

test("a budget's alert that says all is a signal that says all", () => {
  const all = {
    Budget: "1000",
    BudgetId: "b-1",
    NotificationThresholdAmount: "800",
    SpendingAmount: "810.5",
    Unit: "EUR",
    SubscriptionId: "s",
    ResourceGroup: "g",
    BudgetStartDate: "2026-01-01",
  };
  expect(only(legacy(all))).toMatchObject({
    subject: { budget: "team", resource: "/subscriptions/s/resourceGroups/g" },
    severity: 3,
    evidence: {
      measurements: [{ metric: "cost", value: 810.5, threshold: 800, unit: "EUR", group: "80%" }],
      facts: {
        thresholdType: "Actual",
        tierPercent: "80",
        budgetAmount: "1000",
        budgetId: "b-1",
        budgetStart: "2026-01-01T00:00:00.000Z",
      },
    },
  });
  expect(only(legacy({ ...all, ResourceGroup: "" })).subject.resource).toBe("/subscriptions/s");
  expect(only(legacy({ ...all, Scope: "/subscriptions/x" })).subject.resource).toBe("/subscriptions/x");
});

describe("a budget's scope", () => {
  const common = (AlertData: object, alertId: string) => ({
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: { alertId, firedDateTime: "2026-07-02T08:00:00Z" },
      alertContext: { AlertData: { BudgetName: "team", ...AlertData } },
    },
  });
  const ALERT = "/providers/Microsoft.CostManagement/alerts/a";

  test.each([
    { alertId: `/subscriptions/s${ALERT}`, resource: "/subscriptions/s" },
    { alertId: `/subscriptions/s/resourceGroups/g${ALERT}`, resource: "/subscriptions/s/resourceGroups/g" },
    { alertId: `/other/subscriptions/s${ALERT}`, resource: undefined },
  ])("is in the id of an alert that does not say it: $resource", ({ alertId, resource }) => {
    expect(only(common({}, alertId)).subject.resource).toBe(resource);
  });

  test("that the alert says is not looked for in its id", () => {
    expect(only(common({ Scope: "/subscriptions/x/" }, `/subscriptions/s${ALERT}`)).subject.resource).toBe(
      "/subscriptions/x",
    );
  });

  test("makes one signal of one notification, in whichever form and by whichever action it came", () => {
    const figures = { NotificationThresholdAmount: "80" };
    const scoped = { ...figures, BudgetThreshold: "$100.00", ThresholdType: "Actual" };
    const ids = [
      only(legacy({ ...figures, Budget: "100", SubscriptionId: "S", ResourceGroup: "g" })).id,
      only(common({ ...scoped, Scope: "/subscriptions/s/resourceGroups/G/" }, "a")).id,
      only(common(scoped, `/subscriptions/s/resourceGroups/g${ALERT}`)).id,
    ];
    expect(new Set(ids).size).toBe(1);
    expect(only(common(scoped, `/subscriptions/s${ALERT}`)).id).not.toBe(ids[0]);
  });

  test("may be unknown: a captured alert holds no more than name, budget, threshold and spend", () => {
    const bare = { Budget: "100", NotificationThresholdAmount: "80", SpendingAmount: "81" };
    expect(only(legacy(bare))).toMatchObject({
      subject: { budget: "team" },
      evidence: { measurements: [{ value: 81, threshold: 80, group: "80%" }] },
    });
  });
});

describe("a tier", () => {
  test.each([
    { Budget: "1000", NotificationThresholdAmount: "999", tier: "99.9", severity: 3 },
    { Budget: "1000", NotificationThresholdAmount: "1000", tier: "100", severity: 1 },
    { Budget: "1000", NotificationThresholdAmount: "1200", tier: "120", severity: 1 },
    { Budget: "1000", NotificationThresholdAmount: "1", tier: "100", severity: 1 },
    { Budget: "1000", NotificationThresholdAmount: "1.01", tier: "0.1", severity: 3 },
    { Budget: "1000", NotificationThresholdAmount: "0", tier: "0", severity: 3 },
    { Budget: "3", NotificationThresholdAmount: "2", tier: "66.67", severity: 3 },
    { Budget: "1", NotificationThresholdAmount: "0.5", tier: "50", severity: 3 },
    { Budget: "0", NotificationThresholdAmount: "5", tier: undefined, severity: 3 },
    { NotificationThresholdAmount: "5", tier: undefined, severity: 3 },
    { NotificationThresholdAmount: "0.8", tier: undefined, severity: 3 },
    { Budget: "1000", tier: undefined, severity: 3 },
  ])("of $NotificationThresholdAmount in $Budget is $tier, of severity $severity", (row) => {
    const { tier, severity, ...data } = row;
    const signal = only(legacy(data));
    expect(signal.evidence.facts.tierPercent).toBe(tier);
    expect(signal.evidence.measurements[0]?.group).toBe(tier === undefined ? undefined : `${tier}%`);
    expect(signal.severity).toBe(severity);
  });

  test("that is forecast is about what the period will cost, and never severe", () => {
    const data = { Budget: "100", NotificationThresholdAmount: "100", SpendingAmount: "60" };
    const forecast = { ...data, ThresholdType: "forecasted", ForecastedTotalForPeriod: "130" };
    expect(only(legacy(forecast))).toMatchObject({
      severity: 3,
      evidence: {
        measurements: [{ metric: "forecast", value: 130, threshold: 100 }],
        facts: { thresholdType: "Forecasted" },
      },
    });
    expect(only(legacy({ ...data, ThresholdType: "Forecasted" })).evidence.measurements[0]?.value).toBe(60);
  });
});

describe("when a budget was reached", () => {
  const common = (essentials: object) => ({
    schemaId: "azureMonitorCommonAlertSchema",
    data: { essentials, alertContext: { AlertData: { BudgetName: "team" } } },
  });

  test("is when the alert fired, else when it came, else when the budget began", () => {
    expect(only(common({ firedDateTime: "2026-06-30T08:00:00Z" })).occurredAt).toBe(
      "2026-06-30T08:00:00.000Z",
    );
    expect(only(common({})).occurredAt).toBe("2026-07-01T12:00:00.000Z");
    const begun = parseBudgetAlert(legacy({ BudgetStartDate: "2026-01-01" }));
    expect(begun).toMatchObject({ signals: [{ occurredAt: "2026-01-01T00:00:00.000Z" }] });
  });

  test("is asked for when nothing says it", () => {
    const reason = "expected when the alert fired, found nothing";
    for (const payload of [legacy({}), common({})]) {
      expect(parseBudgetAlert(payload)).toEqual({
        outcome: "rejected",
        rule: "budget/tier",
        field: "firedDateTime",
        reason,
      });
    }
  });

  test("tells one budget's start from another's where nothing else has a date", () => {
    const id = (BudgetStartDate: string) => {
      const outcome = parseBudgetAlert(legacy({ BudgetStartDate }));
      return outcome.outcome === "signal" ? outcome.signals[0]?.id : undefined;
    };
    expect(id("2026-01-01")).not.toBe(id("2026-01-02"));
  });

  test("is no matter for the test button of an action group", () => {
    const pressed = common({ description: "Delivery Confirmation: sample", firedDateTime: "2026-07-01" });
    expect(parseBudgetAlert(pressed)).toEqual({
      outcome: "ignored",
      rule: "budget/tier",
      reason: "the action group's test button was pressed; no budget was touched",
    });
  });
});

test.each([
  { body: null, found: "null" },
  { body: [], found: "a list" },
  { body: "text", found: '"text"' },
])("$found is no budget's alert", ({ body, found }) => {
  expect(parseBudgetAlert(body)).toMatchObject({
    outcome: "rejected",
    field: "",
    reason: `expected a budget alert, found ${found}`,
  });
});

test.each([
  ["1.111", 1.111],
  ["1,111", 1111],
  ["1,11", 1.11],
  ["1.234.567", 1234567],
  ["1,234,567", 1234567],
  ["1,234,567.8", 1234567.8],
  ["1.234.567,8", 1234567.8],
  ["1,234.567", 1234.567],
  ["12.", 12],
  [".5", null],
  ["5", 5],
  ["- 5 kr", -5],
  ["5-", null],
  ["1-2", null],
  ["--5", null],
  ["12.5e3", 12500],
  ["-1E-2", -0.01],
  ["+1e2", 100],
  ["$1e2", 12],
  ["1e2 EUR", 12],
  [`${"1".repeat(63)}x`, Number("1".repeat(63))],
  [`${"1".repeat(64)}x`, null],
  [undefined, null],
])("money written as %j is %d", (text, amount) => {
  expect(readMoney(text)).toBe(amount);
});
