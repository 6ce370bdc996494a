import * as z from "zod";

const MOST_NOTIFICATIONS = 5;
const MOST_THRESHOLD = 1000;

const OTHER_FILTERS =
  "expected one dimension, ResourceId or ResourceGroupName: other filters are not simulated";
const Filter = z.strictObject({
  dimensions: z.strictObject(
    {
      name: z.enum(["ResourceId", "ResourceGroupName"], { error: OTHER_FILTERS }),
      operator: z.literal("In"),
      values: z.array(z.string()).min(1),
    },
    { error: OTHER_FILTERS },
  ),
});

const Notification = z.looseObject({
  enabled: z.boolean(),
  operator: z.enum(["EqualTo", "GreaterThan", "GreaterThanOrEqualTo"]),
  threshold: z.number().min(0).max(MOST_THRESHOLD),
  thresholdType: z.enum(["Actual", "Forecasted"]).default("Actual"),
  contactEmails: z.array(z.string().min(3)).default([]),
  contactRoles: z
    .array(z.string())
    .max(0, "contactRoles are not simulated: use contactEmails or contactGroups")
    .default([]),
  contactGroups: z.array(z.string().startsWith("/subscriptions/")).default([]),
});
export type Notification = z.infer<typeof Notification>;

export const BudgetBody = z.looseObject({
  eTag: z.string().nullish(),
  properties: z.looseObject({
    category: z.literal("Cost", { error: "expected Cost: no other category is simulated" }),
    amount: z.number().positive(),
    timeGrain: z.enum(["Monthly", "Quarterly", "Annually"], {
      error: "expected Monthly, Quarterly or Annually: billing periods are not simulated",
    }),
    timePeriod: z.object({
      startDate: z.iso.datetime({ offset: true }).or(z.iso.date()),
      endDate: z.iso.datetime({ offset: true }).or(z.iso.date()).nullish(),
    }),
    filter: Filter.nullish(),
    notifications: z.record(z.string(), Notification).default({}),
  }),
});
export type BudgetProperties = z.infer<typeof BudgetBody>["properties"];

/** A budget as it is evaluated. */
export interface Budget {
  readonly id: string;
  readonly name: string;
  /** Without a slash at its end. */
  readonly scope: string;
  readonly properties: BudgetProperties;
}

/** In ms since the epoch; the end is not part of it. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

const MONTHS = { Monthly: 1, Quarterly: 3, Annually: 12 } as const;
const DEFAULT_YEARS = 10;

/** The period of a budget that a moment is in; `undefined` before the first and after the last. */
export function periodAt({ timeGrain, timePeriod }: BudgetProperties, at: number): Period | undefined {
  const first = new Date(timePeriod.startDate);
  const now = new Date(at);
  const months =
    (now.getUTCFullYear() - first.getUTCFullYear()) * 12 + now.getUTCMonth() - first.getUTCMonth();
  const { end } = lifeOf(timePeriod);
  if (months < 0 || at >= end) return undefined;
  const passed = Math.floor(months / MONTHS[timeGrain]) * MONTHS[timeGrain];
  const monthAt = (count: number) => Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + count, 1);
  return { start: monthAt(passed), end: Math.min(end, monthAt(passed + MONTHS[timeGrain])) };
}

export function lifeOf({ startDate, endDate }: BudgetProperties["timePeriod"]): Period {
  const start = new Date(startDate);
  const years = (count: number) => Date.UTC(start.getUTCFullYear() + count, start.getUTCMonth(), 1);
  return { start: start.getTime(), end: endDate ? Date.parse(endDate) : years(DEFAULT_YEARS) };
}

/** What Azure refuses beyond the shape of a budget; `undefined` when it may be kept. */
export function refuseBudget(
  { timePeriod, timeGrain, notifications, ...properties }: BudgetProperties,
  now: number,
  isNew: boolean,
): string | undefined {
  const { start, end } = lifeOf(timePeriod);
  const first = new Date(start);
  if (first.getUTCDate() !== 1 || start % 86_400_000 !== 0) {
    return `timePeriod.startDate is ${timePeriod.startDate}, expected the first of a month.`;
  }
  if (end <= start) return `timePeriod.endDate is ${timePeriod.endDate}, expected after the start date.`;
  const current = periodAt({ ...properties, timeGrain, notifications, timePeriod }, now);
  if (isNew && start < now && current?.start !== start) {
    return `timePeriod.startDate is ${timePeriod.startDate}, expected within the current ${timeGrain} period or later.`;
  }
  const count = Object.keys(notifications).length;
  if (count > MOST_NOTIFICATIONS) {
    return `The budget has ${count} notifications, expected at most ${MOST_NOTIFICATIONS}.`;
  }
  const deaf = Object.entries(notifications).find(
    ([, { contactEmails, contactGroups }]) => contactEmails.length + contactGroups.length === 0,
  );
  return deaf && `The notification '${deaf[0]}' has no contact, expected at least one email or action group.`;
}

/** Whether a resource counts for a budget's filter. */
export function filterOf({ filter }: BudgetProperties): (resourceId: string) => boolean {
  if (!filter) return () => true;
  const { name, values } = filter.dimensions;
  const wanted = values.map((value) => value.toLowerCase());
  return (resourceId) => {
    const id = resourceId.toLowerCase();
    return wanted.includes(name === "ResourceId" ? id : (id.split("/")[4] ?? ""));
  };
}
