import { type Budget, ConsumptionManagementClient } from "@azure/arm-consumption";
import { onTestFinished } from "vitest";
import type { BudgetMail } from "../../../../local/azure/cost-management/evaluator.ts";
import { createCostManagement } from "../../../../local/azure/cost-management/index.ts";
import type { Notice } from "../../../../local/azure/monitor/index.ts";
import type { Usage } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { parseBudgetAlert } from "../../../../shared/signals/parse.ts";
import {
  ACTION_GROUP,
  authenticate,
  credential,
  GROUP,
  newFolder,
  SUBSCRIPTION,
  serve,
} from "../monitor/monitor-fixture.ts";

export const SCOPE = `/subscriptions/${SUBSCRIPTION}`;
export const IN_GROUP = `${SCOPE}/resourceGroups/${GROUP}`;
const WORKSPACE = `${IN_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-outerloop`;
export const BLUE = `${WORKSPACE}/onlineEndpoints/weather/deployments/blue`;
export const JOB = `${WORKSPACE}/jobs/train-1`;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const JANUARY = Date.UTC(2026, 0, 1);

/** One machine of 0.30 dollars an hour, 7.20 a day, from a moment until another. */
export const running = (from: number, to: number, more: Partial<Usage> = {}): Usage => ({
  resourceId: BLUE,
  sku: "Standard_DS3_v2",
  instances: 1,
  from,
  to,
  ...more,
});

/** Cost Management at the first of January, over what is said to run. */
export async function start(runs: readonly Usage[] = [], given: { data?: string; clock?: ManualClock } = {}) {
  const clock = given.clock ?? new ManualClock(JANUARY);
  const data = given.data ?? (await newFolder());
  const told: { group: string; notice: Notice }[] = [];
  const mails: BudgetMail[] = [];
  const service = createCostManagement({
    data,
    clock,
    location: "westeurope",
    authenticate,
    usage: (from, to) =>
      runs
        .map((run) => ({ ...run, from: Math.max(run.from, from), to: Math.min(run.to, to, clock.now()) }))
        .filter((run) => run.from < run.to),
    notify: (group, notice) => void told.push({ group, notice }),
    hasActionGroup: (id) => id === ACTION_GROUP,
    mail: (mail) => void mails.push(mail),
  });
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await service.stop?.();
    isStopped = true;
  };
  onTestFinished(stop);
  const origin = await serve([service]);
  const client = new ConsumptionManagementClient(credential, SUBSCRIPTION, {
    endpoint: origin,
    retryOptions: { maxRetries: 0 },
  });
  const call = (
    method: string,
    target: string,
    headers: Record<string, string> = { authorization: "Bearer t" },
  ) => fetch(`${origin}${target}`, { method, headers });
  const tiers = () => told.map(({ notice }) => tierOf(notice.common));
  return { client, clock, data, told, mails, tiers, call, stop };
}

/** What the product reads of an alert: which tier, forecast or actual, and when. */
function tierOf(alert: unknown) {
  const outcome = parseBudgetAlert(alert);
  if (outcome.outcome !== "signal") throw new Error(`the alert was ${outcome.outcome}`);
  const [signal] = outcome.signals;
  const [measurement] = signal?.evidence.measurements ?? [];
  return [signal?.occurredAt, measurement?.metric, measurement?.group, measurement?.value];
}

export const tier = (threshold: number, thresholdType: "Actual" | "Forecasted" = "Actual") => ({
  enabled: true,
  operator: "GreaterThanOrEqualTo",
  threshold,
  thresholdType,
  contactEmails: [],
  contactGroups: [ACTION_GROUP],
});

/** 100 dollars a month, told at 50, 80 and 100 percent. */
export const budget = (more: Partial<Budget> = {}): Budget => ({
  category: "Cost",
  amount: 100,
  timeGrain: "Monthly",
  timePeriod: { startDate: new Date(JANUARY), endDate: new Date(Date.UTC(2027, 0, 1)) },
  notifications: { half: tier(50), most: tier(80), all: tier(100) },
  ...more,
});
