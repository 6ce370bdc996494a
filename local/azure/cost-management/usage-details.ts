import { armError } from "../front/arm-error.ts";
import { guidOf } from "../guid.ts";
import type { ServiceAnswer, ServiceRequest, UsageIn } from "../service.ts";
import { type DailyCost, dailyCosts } from "./accrual.ts";
import { CURRENCY } from "./prices.ts";

const DAY_MS = 86_400_000;
const MOST_ITEMS = 1000;
const FILTER =
  /^\s*properties\/usage(Start|End)\s+(ge|gt|le|lt|eq)\s+'(\d{4}-\d{2}-\d{2})(?:T[\d:.]+Z)?'\s*$/i;

export interface UsageDetailsOptions {
  readonly usage: UsageIn;
  readonly location: string;
  readonly now: number;
  /** `/subscriptions/{s}[/resourceGroups/{g}]` */
  readonly scope: string;
}

/** `GET {scope}/providers/Microsoft.Consumption/usageDetails`: what each resource cost on each day, of the legacy kind. */
export function listUsageDetails(request: ServiceRequest, options: UsageDetailsOptions): ServiceAnswer {
  const { query } = request;
  const metric = query.get("metric") ?? "actualcost";
  if (metric.toLowerCase() !== "actualcost") {
    return refused(`The metric '${metric}' is not simulated, expected actualcost.`);
  }
  const top = query.get("$top") === null ? MOST_ITEMS : Number(query.get("$top"));
  if (!Number.isInteger(top) || top < 1 || top > MOST_ITEMS) {
    return refused(`$top is '${query.get("$top")}', expected 1 to ${MOST_ITEMS}.`);
  }
  const span = readSpan(query.get("$filter"), options.now);
  if ("refused" in span) return refused(span.refused);
  const skip = Number(query.get("$skiptoken") ?? 0);
  if (!Number.isInteger(skip) || skip < 0) return refused("$skiptoken is not one that nextLink carried.");
  const all = dailyCosts(options.usage, options, span.from, span.to);
  const hasMeters = /meterDetails/i.test(query.get("$expand") ?? "");
  const value = all.slice(skip, skip + top).map((cost) => toItem(cost, options, hasMeters));
  return { status: 200, body: { value, ...nextLink(request, skip + top, all.length) } };
}

function nextLink(request: ServiceRequest, next: number, total: number): { nextLink?: string } {
  if (next >= total) return {};
  const query = new URLSearchParams(request.query);
  query.set("$skiptoken", String(next));
  return { nextLink: `${request.origin}${request.path}?${query}` };
}

/** Without a filter, the current month. Days are whole: `le` a day includes it. */
function readSpan(filter: string | null, now: number): { from: number; to: number } | { refused: string } {
  const month = new Date(now);
  let from = Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), 1);
  let to = Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1);
  if (!filter) return { from, to };
  [from, to] = [0, now];
  for (const clause of filter.split(/\s+and\s+/i)) {
    const [, , operator, day] = FILTER.exec(clause) ?? [];
    if (!operator || !day) {
      return {
        refused: `The filter '${clause}' is not simulated, expected e.g. properties/usageStart ge '2026-01-01'.`,
      };
    }
    const start = Date.parse(`${day}T00:00:00Z`);
    const end = start + DAY_MS;
    if (operator === "ge" || operator === "eq") from = Math.max(from, start);
    if (operator === "gt") from = Math.max(from, end);
    if (operator === "le" || operator === "eq") to = Math.min(to, end);
    if (operator === "lt") to = Math.min(to, start);
  }
  return { from, to: Math.max(from, to) };
}

function toItem(cost: DailyCost, { location, scope }: UsageDetailsOptions, hasMeters: boolean) {
  const { resourceId, sku, day, quantity, unitPrice } = cost;
  const [, , subscription = "", , group = ""] = resourceId.split("/");
  const name = guidOf(`${day} ${resourceId.toLowerCase()} ${sku}`);
  const date = new Date(day);
  const monthAt = (offset: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
  const meter = {
    meterName: sku,
    meterCategory: "Virtual Machines",
    unitOfMeasure: "1 Hour",
    serviceFamily: "Compute",
  };
  return {
    id: `${scope}/providers/Microsoft.Consumption/usageDetails/${name}`,
    name,
    type: "Microsoft.Consumption/usageDetails",
    tags: null,
    kind: "legacy",
    properties: {
      billingPeriodStartDate: new Date(monthAt(0)).toISOString(),
      billingPeriodEndDate: new Date(monthAt(1) - DAY_MS).toISOString(),
      subscriptionId: subscription,
      subscriptionName: subscription,
      date: date.toISOString(),
      product: `Virtual Machines - ${sku}`,
      meterId: guidOf(sku),
      meterDetails: hasMeters ? meter : null,
      quantity,
      effectivePrice: unitPrice,
      cost: cost.cost,
      unitPrice,
      billingCurrency: CURRENCY,
      resourceLocation: location,
      consumedService: "Microsoft.MachineLearningServices",
      resourceId,
      resourceName: resourceId.split("/").at(-1) ?? "",
      resourceGroup: group,
      isAzureCreditEligible: true,
      publisherType: "Azure",
      chargeType: "Usage",
      frequency: "UsageBased",
      pricingModel: "OnDemand",
    },
  };
}

const refused = (message: string): ServiceAnswer => armError(400, "BadRequest", message);
