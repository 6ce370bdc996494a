import * as z from "zod";
import { TRAFFIC_LOG } from "../logs/traffic-log.ts";

export const ALL_METRICS = "AllMetrics";
/** Log categories of online endpoints that Azure has and nothing here writes. */
const NOT_SIMULATED = ["AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog"];

const RetentionPolicy = z.looseObject({ enabled: z.boolean(), days: z.int() }).nullish();
const LogSetting = z.looseObject({
  category: z.string().nullish(),
  categoryGroup: z.string().nullish(),
  enabled: z.boolean(),
  retentionPolicy: RetentionPolicy,
});
const MetricSetting = z.looseObject({
  category: z.string().nullish(),
  enabled: z.boolean(),
  retentionPolicy: RetentionPolicy,
});
const notSimulated = z.null({ error: "this destination is not simulated: name an event hub" }).optional();

export const SettingBody = z.looseObject({
  properties: z.looseObject({
    eventHubAuthorizationRuleId: z.string().startsWith("/subscriptions/"),
    eventHubName: z.string().min(1),
    logs: z.array(LogSetting).default([]),
    metrics: z.array(MetricSetting).default([]),
    storageAccountId: notSimulated,
    serviceBusRuleId: notSimulated,
    workspaceId: notSimulated,
    marketplacePartnerId: notSimulated,
  }),
});
export type SettingProperties = z.infer<typeof SettingBody>["properties"];

/** A setting as it streams. */
export interface Setting {
  readonly id: string;
  readonly name: string;
  /** Resource id of the endpoint or deployment. */
  readonly resourceId: string;
  readonly properties: SettingProperties;
}

/** The categories that a setting has turned on. */
export function categoriesOf({ logs, metrics }: SettingProperties): string[] {
  return [...logs, ...metrics]
    .filter(({ enabled }) => enabled)
    .map((one) => one.category ?? `${"categoryGroup" in one ? one.categoryGroup : ""}`);
}

/** What a kind of resource can stream here. */
export function availableCategories(
  isDeployment: boolean,
): { name: string; categoryType: "Logs" | "Metrics" }[] {
  const metrics = { name: ALL_METRICS, categoryType: "Metrics" as const };
  return isDeployment ? [metrics] : [{ name: TRAFFIC_LOG, categoryType: "Logs" }, metrics];
}

/** What Azure, or this stand-in, refuses of the categories; `undefined` when all can be streamed. */
export function refuseCategories(properties: SettingProperties, isDeployment: boolean): string | undefined {
  const wanted = categoriesOf(properties);
  if (wanted.length === 0) return "No category is enabled, expected at least one log or metric.";
  const available = availableCategories(isDeployment).map(({ name }) => name.toLowerCase());
  const unknown = wanted.find((name) => !available.includes(name.toLowerCase()));
  if (unknown === undefined) return undefined;
  const isKnown = NOT_SIMULATED.some((name) => name.toLowerCase() === unknown.toLowerCase());
  const why = isKnown ? "is not simulated" : "is not supported";
  return `Category '${unknown}' ${why}, expected one of: ${availableCategories(isDeployment)
    .map(({ name }) => name)
    .join(", ")}.`;
}
