import type { LegacyUsageDetail } from "@azure/arm-consumption";
import { describe, expect, test } from "vitest";
import { GROUP, SUBSCRIPTION } from "../monitor/monitor-fixture.ts";
import { BLUE, DAY, HOUR, JANUARY, JOB, running, SCOPE, start } from "./cost-fixture.ts";

describe("usage details", () => {
  test("are one for each resource and day, of the legacy kind, and their costs add up", async () => {
    const noon = JANUARY + DAY / 2;
    const { client, clock } = await start([
      running(noon, noon + DAY, { instances: 2 }),
      running(JANUARY, JANUARY + HOUR, { resourceId: JOB, sku: "Standard_F2s_v2" }),
    ]);
    clock.advance(5 * DAY);
    const found: LegacyUsageDetail[] = [];
    for await (const item of client.usageDetails.list(SCOPE, { metric: "actualcost" })) {
      if (item.kind === "legacy") found.push(item as LegacyUsageDetail);
    }
    const seen = found.map(({ resourceId, date, quantity, cost }) => [resourceId, date, quantity, cost]);
    // Half a day of two machines at 0.30, twice; an hour of one at 0.10.
    expect(seen).toEqual(
      [
        [JOB, new Date(JANUARY), 1, 0.1],
        [BLUE, new Date(JANUARY), 24, expect.closeTo(7.2, 9)],
        [BLUE, new Date(JANUARY + DAY), 24, expect.closeTo(7.2, 9)],
      ].sort((a, b) => Number(a[1]) - Number(b[1]) || (String(a[0]) < String(b[0]) ? -1 : 1)),
    );
    expect(found.at(-1)).toMatchObject({
      billingCurrency: "USD",
      consumedService: "Microsoft.MachineLearningServices",
      resourceGroup: GROUP,
      resourceName: "blue",
      subscriptionId: SUBSCRIPTION,
      chargeType: "Usage",
      resourceLocation: "westeurope",
      unitPrice: 0.3,
    });
  });

  test("come by pages, and for the days of a filter", async () => {
    const { client, clock } = await start([running(JANUARY, JANUARY + 10 * DAY)]);
    clock.advance(20 * DAY);
    const pages: number[] = [];
    for await (const page of client.usageDetails.list(SCOPE, { top: 4 }).byPage()) pages.push(page.length);
    expect(pages).toEqual([4, 4, 2]);
    const filter = "properties/usageStart ge '2026-01-03' and properties/usageEnd le '2026-01-05'";
    const days: unknown[] = [];
    for await (const item of client.usageDetails.list(SCOPE, { filter })) {
      days.push((item as LegacyUsageDetail).date?.toISOString().slice(0, 10));
    }
    expect(days).toEqual(["2026-01-03", "2026-01-04", "2026-01-05"]);
  });

  test.each([
    { what: "another metric", options: { metric: "amortizedcost" }, says: "amortizedcost" },
    { what: "a filter by tag", options: { filter: "tags eq 'a:b'" }, says: "is not simulated" },
    { what: "too many at once", options: { top: 1001 }, says: "$top" },
  ])("are refused for $what", async ({ options, says }) => {
    const { client } = await start();
    await expect(client.usageDetails.list(SCOPE, options).next()).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining(says),
    });
  });

  test("and budgets are for callers with a token, with a version, at scopes and of kinds that are simulated", async () => {
    const { call } = await start();
    const target = `${SCOPE}/providers/Microsoft.Consumption/usageDetails`;
    const version = "?api-version=2021-10-01";
    expect((await call("GET", `${target}${version}`, {})).status).toBe(401);
    expect((await call("GET", target)).status).toBe(400);
    expect((await call("POST", `${target}${version}`)).status).toBe(405);
    expect((await call("GET", `${SCOPE}/providers/Microsoft.Consumption/forecasts${version}`)).status).toBe(
      404,
    );
    const account = "/providers/Microsoft.Billing/billingAccounts/1/providers/Microsoft.Consumption/budgets";
    expect((await call("GET", `${account}${version}`)).status).toBe(400);
  });
});
