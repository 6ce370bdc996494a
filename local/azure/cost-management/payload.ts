import { createHash } from "node:crypto";
import type { Notice } from "../monitor/index.ts";
import type { Budget, Notification } from "./budget.ts";
import { CURRENCY } from "./prices.ts";

/** A tier of a budget that was reached. Amounts in US dollars, times in ms since the epoch. */
export interface ReachedTier {
  readonly budget: Budget;
  readonly notification: Notification;
  readonly firedAt: number;
  readonly spent: number;
  /** Of the whole period. */
  readonly forecast: number;
}

/**
 * The tier in the common alert schema, and in the one before it.
 *
 * @see https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples#sample-budget-alert
 */
export function toBudgetNotice(tier: ReachedTier): Notice {
  return { common: toCommon(tier), legacy: toLegacy(tier) };
}

export const amountOf = ({ budget, notification }: ReachedTier): number =>
  (budget.properties.amount * notification.threshold) / 100;

function toCommon(tier: ReachedTier): Record<string, unknown> {
  const { budget, notification, firedAt, spent, forecast } = tier;
  const isForecast = notification.thresholdType === "Forecasted";
  return {
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        monitoringService: "CostAlerts",
        firedDateTime: new Date(firedAt).toISOString(),
        description: describe(tier),
        essentialsVersion: "1.0",
        alertContextVersion: "1.0",
        alertId: `${budget.scope}/providers/Microsoft.CostManagement/alerts/${alertName(budget)}`,
        alertRule: null,
        severity: null,
        signalType: null,
        monitorCondition: "Fired",
        alertTargetIDs: null,
        configurationItems: ["budgets"],
        originAlertId: null,
      },
      alertContext: {
        AlertCategory: "budgets",
        AlertData: {
          Scope: `${budget.scope}/`,
          ThresholdType: notification.thresholdType,
          BudgetType: "Cost",
          BudgetThreshold: money(budget.properties.amount),
          NotificationThresholdAmount: money(amountOf(tier)),
          BudgetName: budget.name,
          BudgetId: budget.id,
          BudgetStartDate: budget.properties.timePeriod.startDate.slice(0, 10),
          BudgetCreator: "",
          Unit: CURRENCY,
          SpentAmount: money(spent),
          // The published sample groups no thousands here.
          ...(isForecast ? { ForecastedTotalForPeriod: `$${forecast.toFixed(2)}` } : {}),
        },
      },
    },
  };
}

function toLegacy(tier: ReachedTier): Record<string, unknown> {
  const { budget, spent } = tier;
  const [, , subscription = "", , group = ""] = budget.scope.split("/");
  return {
    schemaId: "AIP Budget Notification",
    data: {
      SubscriptionName: "",
      SubscriptionId: subscription,
      EnrollmentNumber: "",
      DepartmentName: "",
      AccountName: "",
      BillingAccountId: "",
      BillingProfileId: "",
      InvoiceSectionId: "",
      ResourceGroup: group,
      SpendingAmount: spent.toFixed(2),
      BudgetStartDate: new Date(budget.properties.timePeriod.startDate).toISOString(),
      Budget: String(budget.properties.amount),
      Unit: CURRENCY,
      BudgetCreator: "",
      BudgetName: budget.name,
      BudgetType: "Cost",
      NotificationThresholdAmount: amountOf(tier).toFixed(1),
    },
  };
}

/** What the mail and the alert say. */
export function describe(tier: ReachedTier): string {
  const { budget, notification, spent, forecast } = tier;
  if (notification.thresholdType === "Actual") {
    return `Your spend for budget ${budget.name} is now ${money(spent)} exceeding your specified threshold ${money(amountOf(tier))}.`;
  }
  return (
    `The total spend for your budget, ${budget.name}, is forecasted to reach ${money(forecast)} before the end of the period. ` +
    `This amount exceeds your specified budget threshold of ${money(amountOf(tier))}.`
  );
}

/** The same for every notification of a budget, as Azure has it. */
function alertName({ id }: Budget): string {
  return createHash("sha256").update(id.toLowerCase()).digest("hex").slice(0, 32);
}

const format = new Intl.NumberFormat("en-US", { style: "currency", currency: CURRENCY });
/** `$1,234.50` */
export const money = (amount: number): string => format.format(amount);
