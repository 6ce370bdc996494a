import type { Usage, UsageIn } from "../service.ts";
import { pricePerHour } from "./prices.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What one resource cost on one day (UTC) on one size of machine. */
export interface DailyCost {
  readonly resourceId: string;
  readonly sku: string;
  /** Midnight at the day's beginning, in ms since the epoch. */
  readonly day: number;
  /** Machine hours. */
  readonly quantity: number;
  readonly unitPrice: number;
  readonly cost: number;
}

/** Which costs are meant; ids are compared without regard to case. */
export interface CostScope {
  /** `/subscriptions/{s}` or `/subscriptions/{s}/resourceGroups/{g}` */
  readonly scope: string;
  readonly isWanted?: (resourceId: string) => boolean;
}

/** Cost in US dollars between two moments, in ms since the epoch. */
export function costBetween(
  usageIn: UsageIn,
  { scope, isWanted }: CostScope,
  from: number,
  to: number,
): number {
  return usageIn(from, to)
    .filter((usage) => isBelow(usage, scope) && (isWanted?.(usage.resourceId) ?? true))
    .reduce((sum, { sku, instances, from: began, to: ended }) => {
      return sum + ((ended - began) / HOUR_MS) * instances * pricePerHour(sku);
    }, 0);
}

/** The same costs by day, resource and size of machine, in order of days. */
export function dailyCosts(usageIn: UsageIn, { scope }: CostScope, from: number, to: number): DailyCost[] {
  const byKey = new Map<string, DailyCost>();
  for (const usage of usageIn(from, to)) {
    if (!isBelow(usage, scope)) continue;
    for (const { day, hours } of daysOf(usage)) {
      const { resourceId, sku } = usage;
      const key = `${day} ${resourceId.toLowerCase()} ${sku.toLowerCase()}`;
      const quantity = (byKey.get(key)?.quantity ?? 0) + hours * usage.instances;
      const unitPrice = pricePerHour(sku);
      byKey.set(key, { resourceId, sku, day, quantity, unitPrice, cost: quantity * unitPrice });
    }
  }
  return [...byKey.values()].sort((a, b) => a.day - b.day || (a.resourceId < b.resourceId ? -1 : 1));
}

function* daysOf({ from, to }: Usage): Generator<{ day: number; hours: number }> {
  for (let start = from; start < to; ) {
    const day = Math.floor(start / DAY_MS) * DAY_MS;
    const end = Math.min(to, day + DAY_MS);
    yield { day, hours: (end - start) / HOUR_MS };
    start = end;
  }
}

function isBelow({ resourceId }: Usage, scope: string): boolean {
  return resourceId.toLowerCase().startsWith(`${scope.toLowerCase()}/`);
}
