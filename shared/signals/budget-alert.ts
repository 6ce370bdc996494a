import * as z from "zod";
import { buildSignal } from "./build.ts";
import { caseless, firstProblem, isRecord, Name, OptionalText, readTime, shown } from "./fields.ts";
import { ignored, type ParseOutcome, rejected, signalled } from "./outcome.ts";
import { foldCase } from "./resource-id.ts";
import { signalId } from "./signal-id.ts";

const RULE = "budget/tier";

/** Both forms of alert: the legacy one names the whole budget `Budget` and the spend `SpendingAmount`. */
const BudgetFields = caseless({
  BudgetName: Name,
  BudgetId: OptionalText,
  BudgetThreshold: OptionalText,
  Budget: OptionalText,
  NotificationThresholdAmount: OptionalText,
  SpentAmount: OptionalText,
  SpendingAmount: OptionalText,
  ThresholdType: OptionalText,
  ForecastedTotalForPeriod: OptionalText,
  Unit: OptionalText,
  Scope: OptionalText,
  SubscriptionId: OptionalText,
  ResourceGroup: OptionalText,
  BudgetStartDate: OptionalText,
});

const Common = z.object({
  schemaId: z.literal("azureMonitorCommonAlertSchema"),
  data: z.object({
    essentials: caseless({ alertId: OptionalText, firedDateTime: OptionalText, description: OptionalText }),
    alertContext: caseless({ AlertData: BudgetFields }),
  }),
});

const Legacy = z.object({ schemaId: z.literal("AIP Budget Notification"), data: BudgetFields });

/**
 * A tier of a budget that was reached, by the common schema or the legacy one.
 *
 * Id: budget, scope, tier, forecast or actual, and the month it was reported in: a redelivery is the same occurrence,
 * in whichever form, and the next month's is another. Months stand in for the budget's own period, which no alert tells.
 *
 * @param body - the parsed JSON of one call of an action group
 * @param receivedAt - dates a legacy alert, which has no date of its own; without it the budget's start stands in
 */
export function parseBudgetAlert(body: unknown, receivedAt?: Date): ParseOutcome {
  if (!isRecord(body)) return rejected(RULE, "", `expected a budget alert, found ${shown(body)}`);
  if (body.schemaId === "AIP Budget Notification") {
    const read = Legacy.safeParse(body);
    return read.success
      ? budgetSignal(read.data.data, receivedAt?.toISOString() ?? null, undefined)
      : refused(read.error);
  }
  const read = Common.safeParse(body);
  if (!read.success) return refused(read.error);
  const { essentials, alertContext } = read.data.data;
  if (essentials.description?.startsWith("Delivery Confirmation:")) {
    return ignored(RULE, "the action group's test button was pressed; no budget was touched");
  }
  return budgetSignal(
    alertContext.AlertData,
    readTime(essentials.firedDateTime) ?? receivedAt?.toISOString() ?? null,
    essentials.alertId,
  );
}

function refused(error: z.ZodError): ParseOutcome {
  const { field, reason } = firstProblem(error);
  return rejected(RULE, field, reason);
}

function budgetSignal(
  fields: z.infer<typeof BudgetFields>,
  firedAt: string | null,
  alertId: string | undefined,
): ParseOutcome {
  const whole = readMoney(fields.BudgetThreshold ?? fields.Budget);
  const named = readMoney(fields.NotificationThresholdAmount);
  const spent = readMoney(fields.SpentAmount ?? fields.SpendingAmount);
  const type = fields.ThresholdType ?? "Actual";
  const isForecast = type.toLowerCase() === "forecasted";
  const value = isForecast ? (readMoney(fields.ForecastedTotalForPeriod) ?? spent) : spent;
  const threshold = amountOf(named, whole);
  const tier = threshold !== null && whole !== null && whole > 0 ? round((threshold / whole) * 100) : null;
  const startedAt = readTime(fields.BudgetStartDate);
  const scope = scopeOf(fields, alertId);
  const occurredAt = firedAt ?? startedAt;
  if (occurredAt === null)
    return rejected(RULE, "firedDateTime", "expected when the alert fired, found nothing");
  const identity = [fields.BudgetName, scope, String(threshold), type].map(foldCase);
  const signal = buildSignal({
    id: signalId("budget.reached", ...identity, occurredAt.slice(0, firedAt === null ? undefined : 7)),
    kind: "budget.reached",
    subject: { budget: fields.BudgetName, ...(scope === "" ? {} : { resource: scope }) },
    severity: tier !== null && tier >= 100 && !isForecast ? 1 : 3,
    occurredAt,
    measurements: [
      {
        metric: isForecast ? "forecast" : "cost",
        value,
        threshold,
        ...(fields.Unit === undefined ? {} : { unit: fields.Unit }),
        ...(tier === null ? {} : { group: `${tier}%` }),
      },
    ],
    facts: {
      thresholdType: isForecast ? "Forecasted" : "Actual",
      tierPercent: tier === null ? undefined : String(tier),
      budgetAmount: whole === null ? undefined : String(whole),
      budgetId: fields.BudgetId,
      budgetStart: startedAt ?? undefined,
    },
    source: { door: "alerts", type: "CostAlerts", id: alertId ?? fields.BudgetName },
  });
  return signalled(RULE, signal);
}

/** Of one budget the same in both forms: the legacy one has the parts, and the alert's own id begins with it. */
function scopeOf(
  { Scope, SubscriptionId, ResourceGroup }: z.infer<typeof BudgetFields>,
  alertId: string | undefined,
): string {
  if (Scope !== undefined) return Scope.replace(/(.)\/$/, "$1");
  if (SubscriptionId === undefined) {
    return /^\/subscriptions\/[^/]+(\/resourceGroups\/[^/]+)?/i.exec(alertId ?? "")?.[0] ?? "";
  }
  const group = ResourceGroup === undefined ? "" : `/resourceGroups/${ResourceGroup}`;
  return `/subscriptions/${SubscriptionId}${group}`;
}

/** Notifications of 2018 gave the threshold as a ratio of the budget, such as 0.8: no real threshold is so small. */
function amountOf(named: number | null, whole: number | null): number | null {
  return named !== null && whole !== null && named > 0 && named <= 1 && whole > 1
    ? round(named * whole)
    : named;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/**
 * Money as the billing culture writes it: `"$11,111.00"`, `"1.111,32 €"`, `"1111.32"`. A lone comma before
 * exactly three digits groups thousands; a lone point is a decimal point.
 *
 * @returns the amount without its sign of currency; null when there is none
 */
export function readMoney(text: string | undefined): number | null {
  if (text === undefined || text.length > 64) return null;
  // A number that was written by a machine may carry an exponent, which is no part of anybody's currency.
  if (/^[-+]?\d+(\.\d+)?e[-+]?\d+$/i.test(text)) return finite(Number(text));
  const digits = text.replaceAll(/[^0-9.,-]/g, "");
  const last = Math.max(digits.lastIndexOf("."), digits.lastIndexOf(","));
  const fraction = last < 0 ? "" : digits.slice(last + 1);
  const separator = last < 0 ? "" : digits.charAt(last);
  const other = separator === "." ? "," : ".";
  const isDecimal =
    last >= 0 &&
    digits.indexOf(separator) === last &&
    (fraction.length !== 3 || digits.includes(other) || separator === ".");
  const integer = (isDecimal ? digits.slice(0, last) : digits).replaceAll(/[.,]/g, "");
  if (!/^-?\d+$/.test(integer)) return null;
  return finite(Number(isDecimal ? `${integer}.${fraction || "0"}` : integer));
}

const finite = (amount: number): number | null => (Number.isFinite(amount) ? amount : null);
