import { describe, expect, test } from "vitest";
import { parseBudgetAlert } from "../../../../shared/signals/parse.ts";
import { ACTION_GROUP, published } from "../monitor/monitor-fixture.ts";
import { budget, DAY, HOUR, IN_GROUP, JANUARY, JOB, running, SCOPE, start, tier } from "./cost-fixture.ts";

describe("a budget", () => {
  test("is told to its action group once for each tier, on the day after it was reached", async () => {
    const { client, clock, tiers } = await start([running(JANUARY, JANUARY + 31 * DAY)]);
    await client.budgets.createOrUpdate(IN_GROUP, "monthly", budget());
    clock.advance(31 * DAY - 1);
    // 7.20 a day: 50.40 after 7 days, 86.40 after 12 (79.20 after 11), 100.80 after 14.
    expect(tiers()).toEqual([
      ["2026-01-08T00:00:00.000Z", "cost", "50%", 50.4],
      ["2026-01-13T00:00:00.000Z", "cost", "80%", 86.4],
      ["2026-01-15T00:00:00.000Z", "cost", "100%", 100.8],
    ]);
  });

  test("is looked at on demand, without waiting for the end of the day, and not told twice", async () => {
    const { client, clock, tiers, call } = await start([
      running(JANUARY, JANUARY + 31 * DAY, { instances: 200 }),
    ]);
    await client.budgets.createOrUpdate(IN_GROUP, "monthly", budget());
    clock.advance(HOUR);
    const looked = await call("POST", "/_budgets", {});
    expect([looked.status, await looked.json()]).toEqual([200, { budgets: 1 }]);
    expect(tiers()).toEqual([["2026-01-01T01:00:00.000Z", "cost", "50%", 60]]);
    await call("POST", "/_budgets", {});
    clock.advance(DAY);
    expect(tiers().map(([, , name]) => name)).toEqual(["50%", "80%", "100%"]);
    expect((await call("GET", "/_budgets", {})).status).toBe(405);
  });

  test("says so in the published payload, field by field", async () => {
    const { client, clock, told } = await start([running(JANUARY, JANUARY + 31 * DAY, { instances: 200 })]);
    await client.budgets.createOrUpdate(SCOPE, "monthly", budget({ notifications: { half: tier(50) } }));
    clock.advance(DAY);
    const [{ group, notice } = { group: "", notice: undefined }] = told;
    expect(group).toBe(ACTION_GROUP);
    const sample = published("alert-common-budget-actual-cost-fired.json");
    expect(keysOf(notice?.common)).toEqual(keysOf(sample));
    expect(notice?.common).toEqual({
      schemaId: "azureMonitorCommonAlertSchema",
      data: {
        essentials: {
          ...sample.data.essentials,
          firedDateTime: "2026-01-02T00:00:00.000Z",
          description:
            "Your spend for budget monthly is now $1,440.00 exceeding your specified threshold $50.00.",
          alertId: expect.stringMatching(
            /^\/subscriptions\/00000000-0000-0000-0000-000000000001\/providers\/Microsoft\.CostManagement\/alerts\/\w+$/,
          ),
        },
        alertContext: {
          AlertCategory: "budgets",
          AlertData: {
            Scope: `${SCOPE}/`,
            ThresholdType: "Actual",
            BudgetType: "Cost",
            BudgetThreshold: "$100.00",
            NotificationThresholdAmount: "$50.00",
            BudgetName: "monthly",
            BudgetId: `${SCOPE}/providers/Microsoft.Consumption/budgets/monthly`,
            BudgetStartDate: "2026-01-01",
            BudgetCreator: "",
            Unit: "USD",
            SpentAmount: "$1,440.00",
          },
        },
      },
    });
    const legacy = published("alert-legacy-budget-aip.json");
    expect(keysOf(notice?.legacy)).toEqual(keysOf(legacy));
    expect(notice?.legacy).toMatchObject({
      schemaId: "AIP Budget Notification",
      data: {
        SpendingAmount: "1440.00",
        Budget: "100",
        NotificationThresholdAmount: "50.0",
        BudgetName: "monthly",
      },
    });
    expect(parseBudgetAlert(notice?.legacy, new Date(clock.now()))).toMatchObject({
      signals: [{ kind: "budget.reached", evidence: { measurements: [{ value: 1440, threshold: 50 }] } }],
    });
  });

  test("forecasts the month from its first day on, in the payload of a forecast", async () => {
    const { client, clock, told, tiers } = await start([running(JANUARY, JANUARY + 31 * DAY)]);
    const notifications = { coming: tier(200, "Forecasted"), more: tier(230, "Forecasted") };
    await client.budgets.createOrUpdate(SCOPE, "monthly", budget({ notifications }));
    clock.advance(30 * DAY);
    // 7.20 a day for 31 days are 223.20.
    expect(tiers()).toEqual([["2026-01-02T00:00:00.000Z", "forecast", "200%", 223.2]]);
    expect(keysOf(told[0]?.notice.common)).toEqual(
      keysOf(published("alert-common-budget-forecasted-fired.json")),
    );
    expect(told[0]?.notice.common).toMatchObject({
      data: {
        essentials: {
          description: expect.stringContaining("is forecasted to reach $223.20 before the end of the period"),
        },
        alertContext: {
          AlertData: {
            ThresholdType: "Forecasted",
            ForecastedTotalForPeriod: "$223.20",
            SpentAmount: "$7.20",
          },
        },
      },
    });
  });

  test("begins anew with each month: its last day still counts for the old one, and tiers are told again", async () => {
    const { client, clock, tiers } = await start([running(JANUARY + 30 * DAY, JANUARY + 59 * DAY)]);
    await client.budgets.createOrUpdate(
      SCOPE,
      "monthly",
      budget({ amount: 7.2, notifications: { all: tier(100) } }),
    );
    clock.advance(59 * DAY);
    expect(tiers()).toEqual([
      ["2026-02-01T00:00:00.000Z", "cost", "100%", 7.2],
      ["2026-02-02T00:00:00.000Z", "cost", "100%", 7.2],
    ]);
  });

  test("runs over a quarter, and counts only what its filter and its scope let through", async () => {
    const other = `${SCOPE}/resourceGroups/other/providers/Microsoft.MachineLearningServices/workspaces/w/jobs/j`;
    const end = JANUARY + 60 * DAY;
    const runs = [
      running(JANUARY, end),
      running(JANUARY, end, { resourceId: JOB }),
      running(JANUARY, end, { resourceId: other }),
    ];
    const { client, clock, tiers } = await start(runs);
    const notifications = { all: tier(100) };
    await client.budgets.createOrUpdate(
      IN_GROUP,
      "quarterly",
      budget({
        amount: 331.2,
        timeGrain: "Quarterly",
        notifications,
        filter: { dimensions: { name: "ResourceId", operator: "In", values: [JOB.toUpperCase()] } },
      }),
    );
    clock.advance(45 * DAY);
    expect(tiers()).toEqual([]);
    clock.advance(DAY);
    // One job of 7.20 a day: 331.20 after 46 days.
    expect(tiers()).toEqual([["2026-02-16T00:00:00.000Z", "cost", "100%", 331.2]]);
  });

  test("writes to its contacts, once", async () => {
    const { client, clock, mails } = await start([running(JANUARY, JANUARY + 31 * DAY)]);
    const notifications = {
      half: { ...tier(50), contactGroups: [], contactEmails: ["cost.owner@example.com"] },
    };
    await client.budgets.createOrUpdate(SCOPE, "monthly", budget({ notifications }));
    clock.advance(20 * DAY);
    expect(mails).toEqual([
      {
        operationId: expect.any(String),
        receivedAt: "2026-01-08T00:00:00.000Z",
        to: ["cost.owner@example.com"],
        subject: "Azure budget alert: monthly has reached 50%",
        text: "Your spend for budget monthly is now $50.40 exceeding your specified threshold $50.00.",
      },
    ]);
  });

  test("remembers over a restart what it has told, and looks at once at what it slept through", async () => {
    const runs = [running(JANUARY, JANUARY + 31 * DAY)];
    const first = await start(runs);
    await first.client.budgets.createOrUpdate(SCOPE, "monthly", budget());
    first.clock.advance(8 * DAY);
    expect(first.tiers()).toHaveLength(1);
    await first.stop();
    first.clock.advance(4 * DAY + HOUR);
    const second = await start(runs, first);
    // The look of midnight is made up for: what came after it is the next one's.
    expect(second.tiers()).toEqual([["2026-01-13T01:00:00.000Z", "cost", "80%", 86.4]]);
  });

  test("is kept with what it has cost so far, listed by scope, and forgotten", async () => {
    const { client, clock } = await start([running(JANUARY, JANUARY + 31 * DAY)]);
    const notifications = { coming: tier(90, "Forecasted") };
    await client.budgets.createOrUpdate(IN_GROUP, "monthly", budget({ notifications }));
    clock.advance(10 * DAY);
    expect(await client.budgets.get(IN_GROUP, "monthly")).toMatchObject({
      id: `${IN_GROUP}/providers/Microsoft.Consumption/budgets/monthly`,
      type: "Microsoft.Consumption/budgets",
      amount: 100,
      timeGrain: "Monthly",
      timePeriod: { startDate: new Date(JANUARY) },
      currentSpend: { amount: 72, unit: "USD" },
      forecastSpend: { amount: 223.2, unit: "USD" },
      notifications: { coming: { threshold: 90, contactGroups: [ACTION_GROUP] } },
    });
    const names = async (scope: string) => {
      const found: unknown[] = [];
      for await (const { name } of client.budgets.list(scope)) found.push(name);
      return found;
    };
    expect([await names(IN_GROUP), await names(SCOPE)]).toEqual([["monthly"], []]);
    await client.budgets.delete(IN_GROUP, "monthly");
    await expect(client.budgets.get(IN_GROUP, "monthly")).rejects.toMatchObject({ statusCode: 404 });
    await expect(client.budgets.delete(IN_GROUP, "monthly")).rejects.toMatchObject({ statusCode: 404 });
  });

  test("is changed only by who knows its latest version", async () => {
    const { client } = await start();
    const { eTag = "" } = await client.budgets.createOrUpdate(SCOPE, "monthly", budget());
    const changed = await client.budgets.createOrUpdate(SCOPE, "monthly", {
      ...budget({ amount: 200 }),
      eTag,
    });
    expect(changed.eTag).not.toBe(eTag);
    await expect(
      client.budgets.createOrUpdate(SCOPE, "monthly", { ...budget(), eTag }),
    ).rejects.toMatchObject({
      statusCode: 409,
      code: "Conflict",
    });
  });

  test.each([
    {
      what: "a start in the middle of a month",
      more: { timePeriod: { startDate: new Date(JANUARY + DAY) } },
      says: "expected the first of a month",
    },
    {
      what: "a start before this month",
      more: { timePeriod: { startDate: new Date(Date.UTC(2025, 11, 1)) } },
      says: "expected within the current Monthly period",
    },
    {
      what: "an end before the start",
      more: { timePeriod: { startDate: new Date(JANUARY), endDate: new Date(JANUARY) } },
      says: "expected after the start date",
    },
    { what: "no amount", more: { amount: 0 }, says: "properties.amount" },
    {
      what: "a billing month",
      more: { timeGrain: "BillingMonth" },
      says: "billing periods are not simulated",
    },
    {
      what: "six notifications",
      more: { notifications: Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`n${n}`, tier(n)])) },
      says: "expected at most 5",
    },
    {
      what: "a notification for nobody",
      more: { notifications: { n: { ...tier(1), contactGroups: [] } } },
      says: "has no contact",
    },
    {
      what: "a group that is not there",
      more: { notifications: { n: { ...tier(1), contactGroups: ["/subscriptions/gone"] } } },
      says: "'/subscriptions/gone' was not found",
    },
    {
      what: "a filter by tag",
      more: { filter: { tags: { name: "a", operator: "In", values: ["b"] } } },
      says: "other filters are not simulated",
    },
  ])("is refused with $what", async ({ more, says }) => {
    const { client } = await start();
    await expect(client.budgets.createOrUpdate(SCOPE, "b", budget(more))).rejects.toMatchObject({
      statusCode: 400,
      code: "BadRequest",
      message: expect.stringContaining(says),
    });
  });
});

/** Every path of names in a document, in order. */
function keysOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return Object.entries(value).map(([key, inner]) => [key, keysOf(inner)]);
}
