import { groupOf, type ResourceManager } from "./resource-manager.ts";
import type { CloudAddresses } from "./settings.ts";

/** Slower than this at the 95th percentile, in ms, is nothing that the world's models ever are by themselves. */
const SLOW_MS = 5_000;
/** Answers of 5xx a minute; the world's endpoints give none by themselves. */
const FAILING_PER_MINUTE = 10;
/** US dollars a month: more than the world's machines come to. */
const BUDGET = 5_000;
const TIERS = [50, 80, 100];

/**
 * Lets Azure watch over the endpoints and the bill, as a deployment does it: two alert rules, for latency and for 5xx,
 * and a budget, which call the product's doors through an action group each. Safe to repeat.
 */
export async function watch(manager: ResourceManager, cloud: CloudAddresses, hostUrl: string): Promise<void> {
  const group = groupOf(cloud.workspaceId);

  const putActionGroup = async (name: string, serviceUri: string) => {
    const id = `${group}/providers/Microsoft.Insights/actionGroups/${name}`;
    const webhookReceivers = [{ name: "outerloop", serviceUri, useCommonAlertSchema: true }];
    const properties = { groupShortName: "outerloop", enabled: true, webhookReceivers };
    await manager.put(id, "2024-10-01-preview", { location: "global", properties });
    return id;
  };
  const operators = await putActionGroup("operators", `${hostUrl}/api/alerts/monitor`);
  const costOwners = await putActionGroup("cost-owners", `${hostUrl}/api/alerts/budget`);

  for (const [name, properties] of Object.entries(RULES)) {
    const actions = [{ actionGroupId: operators }];
    const more = { ...properties, ...EVERY_ENDPOINT, scopes: [group], actions };
    await manager.put(`${group}/providers/Microsoft.Insights/metricAlerts/${name}`, "2018-03-01", {
      location: "global",
      properties: more,
    });
  }
  await putBudget(manager, `${group}/providers/Microsoft.Consumption/budgets/outerloop`, costOwners);
}

/** Endpoints come and go: a rule for the group watches those that there are. */
const EVERY_ENDPOINT = {
  enabled: true,
  evaluationFrequency: "PT1M",
  windowSize: "PT5M",
  targetResourceType: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
  targetResourceRegion: "westeurope",
};
const CRITERIA = "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria";
const CRITERION = {
  criterionType: "StaticThresholdCriterion",
  metricNamespace: EVERY_ENDPOINT.targetResourceType,
  operator: "GreaterThan",
  timeAggregation: "Average",
};
const EACH_DEPLOYMENT = { name: "deployment", operator: "Include", values: ["*"] };

const RULES = {
  "endpoint-latency": {
    description: "The 95th percentile of a deployment's answers is too slow.",
    severity: 2,
    criteria: {
      "odata.type": CRITERIA,
      allOf: [
        {
          ...CRITERION,
          name: "latency",
          metricName: "RequestLatency_P95",
          threshold: SLOW_MS,
          dimensions: [EACH_DEPLOYMENT],
        },
      ],
    },
  },
  "endpoint-errors": {
    description: "A deployment answers with 5xx.",
    severity: 1,
    criteria: {
      "odata.type": CRITERIA,
      allOf: [
        {
          ...CRITERION,
          name: "errors",
          metricName: "RequestsPerMinute",
          threshold: FAILING_PER_MINUTE,
          dimensions: [EACH_DEPLOYMENT, { name: "statusCodeClass", operator: "Include", values: ["5xx"] }],
        },
      ],
    },
  },
};

/** A budget starts in the month that it is made in: once it is there, it is left as it is. */
async function putBudget(manager: ResourceManager, id: string, contactGroup: string): Promise<void> {
  const version = "2021-10-01";
  if (await manager.exists(id, version)) return;
  const now = new Date();
  const startDate = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)).toISOString();
  const notifications = Object.fromEntries(
    TIERS.map((threshold) => [
      `actual-${threshold}`,
      {
        enabled: true,
        operator: "GreaterThanOrEqualTo",
        threshold,
        contactEmails: [],
        contactGroups: [contactGroup],
      },
    ]),
  );
  const properties = {
    category: "Cost",
    amount: BUDGET,
    timeGrain: "Monthly",
    timePeriod: { startDate },
    notifications,
  };
  await manager.put(id, version, { properties });
}
