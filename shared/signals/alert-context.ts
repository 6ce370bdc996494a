import type { Alert, AlertMeaning } from "./alert.ts";
import { recordAt } from "./alert.ts";
import { caseless, OptionalText } from "./fields.ts";
import { healthState } from "./health.ts";
import { subjectOf } from "./resource-id.ts";

const Activity = caseless({
  operationName: OptionalText,
  status: OptionalText,
  subStatus: OptionalText,
  eventDataId: OptionalText,
  caller: OptionalText,
});

const ActivityProperties = caseless({
  resourceLocation: OptionalText,
  policies: OptionalText,
  severity: OptionalText,
  threatStatus: OptionalText,
  category: OptionalText,
  compromisedEntity: OptionalText,
  attackedResourceType: OptionalText,
  statusMessage: OptionalText,
  message: OptionalText,
  entity: OptionalText,
});

/** How Resource Manager and Azure ML say that there is no room. */
const NO_CAPACITY =
  /quota|OutOfCapacity|OverconstrainedAllocation|AllocationFailed|SkuNotAvailable|insufficient|NotEnough(Cores|Capacity)/i;

/** A map, because the key is the sender's text: an object would also answer to `__proto__`. */
const DEFENDER_SEVERITY = new Map(Object.entries({ high: 1, medium: 2, low: 3, informational: 4 }));

/** Something that was done in a subscription, or that one of its services found. Fires once and never resolves. */
export function activityMeaning(alert: Alert): AlertMeaning | string {
  const activity = Activity.parse(alert.context);
  const properties = ActivityProperties.parse(recordAt(alert.context, "properties"));
  const identity = usable(activity.eventDataId) ?? `${alert.id}|${alert.occurredAt}`;
  const operation = activity.operationName ?? "an unnamed operation";
  if (alert.service === "activitylog-policy") {
    const facts = { operation, caller: activity.caller, policies: properties.policies };
    return { rule: "policy", kind: "policy.violated", identity, facts };
  }
  if (alert.service === "activitylog-security") {
    const { severity, category, threatStatus, compromisedEntity, attackedResourceType } = properties;
    return {
      rule: "security",
      kind: "api.threatened",
      identity,
      severity: DEFENDER_SEVERITY.get(severity?.toLowerCase() ?? "") ?? 2,
      facts: { operation, category, threatStatus, compromisedEntity, attackedResourceType },
    };
  }
  const trouble = [activity.subStatus, properties.statusMessage, properties.message].join(" ");
  if (/fail/i.test(activity.status ?? "") && NO_CAPACITY.test(trouble)) {
    const facts = { operation, trouble: trouble.trim() };
    return {
      rule: "no-capacity",
      kind: "capacity.insufficient",
      identity,
      subject: subjectOf(properties.entity),
      facts,
    };
  }
  return `no reaction to ${operation.slice(0, 120)}, which ${activity.status?.slice(0, 40).toLowerCase() ?? "happened"}`;
}

const HealthProperties = caseless({
  currentHealthStatus: OptionalText,
  previousHealthStatus: OptionalText,
  cause: OptionalText,
  title: OptionalText,
});

/** One resource's health, as Resource Health reports it. */
export function healthMeaning(alert: Alert): AlertMeaning | string {
  const activity = Activity.parse(alert.context);
  const { title, ...properties } = HealthProperties.parse(recordAt(alert.context, "properties"));
  const { currentHealthStatus: current, previousHealthStatus: previous, cause } = properties;
  const state = healthState({ current, previous, cause });
  if (!state)
    return `${current?.slice(0, 40) ?? "an unknown health"} with cause ${cause?.slice(0, 40) ?? "unknown"} calls for nothing`;
  const identity = usable(activity.eventDataId) ?? `${alert.id}|${alert.occurredAt}`;
  return {
    rule: state,
    kind: "platform.unhealthy",
    state,
    identity,
    severity: 1,
    facts: { current, previous, cause, title },
  };
}

const ServiceHealth = caseless({
  trackingId: OptionalText,
  incidentType: OptionalText,
  stage: OptionalText,
  service: OptionalText,
  region: OptionalText,
  title: OptionalText,
});

/** An incident of Azure itself; planned maintenance and advice call for nothing. */
export function serviceHealthMeaning(alert: Alert): AlertMeaning | string {
  const read = ServiceHealth.parse(recordAt(alert.context, "properties"));
  const { trackingId, incidentType, stage, service, region, title } = read;
  if (!/^(incident|security)$/i.test(incidentType ?? "")) {
    return `a Service Health event of type ${incidentType?.slice(0, 40) ?? "unknown"} calls for nothing`;
  }
  const state = /^(resolved|rca)$/i.test(stage ?? "") ? "cleared" : "raised";
  const facts = { trackingId, incidentType, stage, service, region, title };
  return { rule: state, kind: "platform.unhealthy", state, identity: trackingId ?? alert.id, facts };
}

const Detection = caseless({
  DetectionSummary: OptionalText,
  DetectedValue: OptionalText,
  NormalValue: OptionalText,
  DetectedFailureRate: OptionalText,
  NormalFailureRate: OptionalText,
  SmartDetectorName: OptionalText,
});

/** What Application Insights noticed by itself, in prose: failures or slowness. */
export function smartMeaning(alert: Alert): AlertMeaning | string {
  const facts = Detection.parse(alert.context);
  const words = [facts.SmartDetectorName, facts.DetectionSummary, alert.rule].join(" ");
  if (/fail/i.test(words)) return { rule: "failures", kind: "endpoint.failing", facts };
  if (/latency|duration|performance|slow/i.test(words))
    return { rule: "slowness", kind: "endpoint.slow", facts };
  return `no reaction to ${facts.DetectionSummary?.slice(0, 120) ?? "a detection without a summary"}`;
}

/** Published samples hide ids behind `<GUID>`; such a one names nothing. */
const usable = (id: string | undefined): string | undefined => (id?.startsWith("<") ? undefined : id);
