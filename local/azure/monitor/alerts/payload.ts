import { createHash } from "node:crypto";
import type { Notice } from "../action-groups/index.ts";
import type { MeteredResource } from "../catalogue.ts";
import { namespaceOf } from "../metrics-answer.ts";
import type { Timespan } from "../timespan.ts";
import type { Reading } from "./evaluate.ts";
import { conditionType, type Rule } from "./rule.ts";

/** An alert that fires, or, with a time in `resolvedAt`, is over. Times in ms since the epoch. */
export interface AlertInstance {
  readonly rule: Rule;
  readonly resource: MeteredResource;
  readonly alertId: string;
  readonly firedAt: number;
  readonly resolvedAt: number | null;
  readonly window: Timespan;
  readonly readings: readonly Reading[];
  readonly webHookProperties: Readonly<Record<string, string>>;
}

/**
 * The alert in the common schema and in the one before it.
 *
 * @see https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples
 */
export function toNotice(alert: AlertInstance): Notice {
  return { common: toCommon(alert), legacy: toLegacy(alert) };
}

function toCommon(alert: AlertInstance): Record<string, unknown> {
  const { rule, resource, alertId, firedAt, resolvedAt, window } = alert;
  const { properties } = rule;
  const custom = customOf(alert);
  return {
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId,
        alertRule: rule.name,
        severity: `Sev${properties.severity}`,
        signalType: "Metric",
        monitorCondition: resolvedAt === null ? "Fired" : "Resolved",
        monitoringService: "Platform",
        alertTargetIDs: [asTarget(resource.id)],
        configurationItems: [nameOf(resource.id)],
        originAlertId: originOf(rule),
        firedDateTime: iso(firedAt),
        description: properties.description ?? "",
        essentialsVersion: "1.0",
        alertContextVersion: "1.0",
        ...(resolvedAt === null ? {} : { resolvedDateTime: iso(resolvedAt) }),
      },
      alertContext: {
        properties: custom,
        conditionType: conditionType(properties),
        condition: {
          windowSize: properties.windowSize,
          allOf: alert.readings.map((reading) => toCriterion(reading, resource)),
          windowStartTime: iso(window.start),
          windowEndTime: iso(window.end),
        },
      },
      customProperties: custom,
    },
  };
}

function toLegacy(alert: AlertInstance): Record<string, unknown> {
  const { rule, resource, firedAt, resolvedAt } = alert;
  const { properties } = rule;
  const { subscription, group } = placeOf(resource.id);
  return {
    schemaId: "AzureMonitorMetricAlert",
    data: {
      version: "2.0",
      properties: customOf(alert),
      status: resolvedAt === null ? "Activated" : "Deactivated",
      context: {
        timestamp: iso(resolvedAt ?? firedAt),
        id: rule.id,
        name: rule.name,
        description: properties.description ?? "",
        conditionType: conditionType(properties),
        severity: String(properties.severity),
        condition: {
          windowSize: properties.windowSize,
          allOf: alert.readings.map((reading) => toCriterion(reading, resource)),
        },
        subscriptionId: subscription,
        resourceGroupName: group,
        resourceName: nameOf(resource.id),
        resourceType: namespaceOf(resource),
        resourceId: resource.id,
        portalLink: `https://portal.azure.com/#resource${resource.id}`,
      },
    },
  };
}

/** A series without data has no value. The requests of a minute without any are none, and that is a value. */
function toCriterion({ criterion, dimensions, value }: Reading, resource: MeteredResource) {
  const isCount = criterion.metricName.toLowerCase() === "requestsperminute";
  return {
    metricName: criterion.metricName,
    metricNamespace: criterion.metricNamespace ?? namespaceOf(resource),
    operator: criterion.operator,
    threshold: String(criterion.threshold),
    timeAggregation: criterion.timeAggregation,
    dimensions,
    metricValue: value ?? (isCount ? 0 : null),
    webTestName: null,
  };
}

/** `null` when the rule's author added none: both places show the same. */
function customOf({ rule, webHookProperties }: AlertInstance): Record<string, string> | null {
  const custom = { ...rule.properties.customProperties, ...webHookProperties };
  return Object.keys(custom).length > 0 ? custom : null;
}

/** Alerts write the names of types in lower case, and the names of resources as they are. */
function asTarget(id: string): string {
  const isType = (index: number) => index % 2 === 1 || index === 6;
  return id
    .split("/")
    .map((segment, index) => (isType(index) ? segment.toLowerCase() : segment))
    .join("/");
}

/** Names the rule, not the alert: the same for every alert of it. */
function originOf({ id, name }: Rule): string {
  const { subscription, group } = placeOf(id);
  const number = createHash("sha256").update(id.toLowerCase()).digest().readInt32BE(0);
  return `${subscription}_${group}_microsoft.insights_metricAlerts_${name}_${number}`;
}

function placeOf(id: string): { subscription: string; group: string } {
  const [, , subscription = "", , group = ""] = id.split("/");
  return { subscription, group };
}

const nameOf = (id: string): string => id.split("/").at(-1) ?? "";
const iso = (at: number): string => new Date(at).toISOString();
