import { randomUUID } from "node:crypto";
import type { RaisedEvent, ResourceDocument } from "../service.ts";

/** How well a resource is, as Azure Resource Health has it. */
export type Availability = "Available" | "Unavailable" | "Degraded" | "Unknown";

/** What happened to a resource, in the platform's words. */
export interface Annotation {
  readonly annotationName: string;
  readonly reason: string;
  readonly summary: string;
  /** Who began it. */
  readonly context: "Platform Initiated" | "Customer Initiated";
  readonly category: string;
}

/** The types that Resource Graph lists; versions of assets, jobs and schedules have no row there, and no events. */
const TRACKED = new Set(
  [
    "workspaces",
    "workspaces/onlineEndpoints",
    "workspaces/onlineEndpoints/deployments",
    "workspaces/batchEndpoints",
    "workspaces/batchEndpoints/deployments",
    "registries",
  ].map((type) => `microsoft.machinelearningservices/${type.toLowerCase()}`),
);

const API_VERSION = "2022-10-01";
const HEALTH_API_VERSION = "2023-12-01";
const DATA_VERSION = "1";

/**
 * The event of a resource that was created, updated or deleted; `undefined` while an operation on it is under way, and
 * for types that raise none.
 *
 * @param now - ms since the epoch
 * @see https://learn.microsoft.com/azure/event-grid/event-schema-resources
 */
export function resourceEvent(
  before: ResourceDocument | undefined,
  after: ResourceDocument | undefined,
  now: number,
): RaisedEvent | undefined {
  const resource = after ?? before;
  if (!resource || !TRACKED.has(resource.type.toLowerCase())) return undefined;
  const { id, name, type } = resource;
  const at = new Date(now).toISOString();
  const common = { topic: subscriptionOf(id), subject: id, eventTime: at, dataVersion: DATA_VERSION };
  const operationalInfo = { resourceEventTime: at };
  if (!after) {
    const data = { resourceInfo: { id, name, type }, operationalInfo };
    return { ...common, eventType: "Microsoft.ResourceNotifications.Resources.Deleted", data };
  }
  const { location, tags = {}, properties } = after;
  const { provisioningState = "Succeeded" } = properties;
  if (provisioningState !== "Succeeded" || isSame(before, after)) return undefined;
  const resourceInfo = { tags, id, name, type, location, properties: withNumbers(properties) };
  return {
    ...common,
    eventType: "Microsoft.ResourceNotifications.Resources.CreatedOrUpdated",
    data: { resourceInfo, apiVersion: API_VERSION, operationalInfo },
  };
}

/** @see https://learn.microsoft.com/azure/event-grid/event-schema-health-resources */
export function availabilityEvent(
  resourceId: string,
  previous: Availability,
  current: Availability,
  now: number,
): RaisedEvent {
  const states = { previousAvailabilityState: previous, availabilityState: current };
  return healthEvent(resourceId, "AvailabilityStatusChanged", "availabilityStatuses", states, now);
}

export function annotationEvent(resourceId: string, annotation: Annotation, now: number): RaisedEvent {
  return healthEvent(resourceId, "ResourceAnnotated", "resourceAnnotations", annotation, now);
}

function healthEvent(
  resourceId: string,
  event: string,
  kind: "availabilityStatuses" | "resourceAnnotations",
  facts: object,
  now: number,
): RaisedEvent {
  const name = randomUUID();
  const type = `Microsoft.ResourceHealth/${kind}`;
  const occurredTime = new Date(now).toISOString();
  return {
    topic: subscriptionOf(resourceId),
    subject: resourceId,
    eventType: `Microsoft.ResourceNotifications.HealthResources.${event}`,
    eventTime: occurredTime,
    dataVersion: DATA_VERSION,
    data: {
      resourceInfo: {
        id: `${resourceId}/providers/${type}/${name}`,
        name,
        type,
        properties: {
          targetResourceId: resourceId,
          targetResourceType: typeOf(resourceId),
          occurredTime,
          ...facts,
        },
      },
      operationalInfo: { resourceEventTime: occurredTime },
      apiVersion: HEALTH_API_VERSION,
    },
  };
}

const subscriptionOf = (id: string): string => id.split("/").slice(0, 3).join("/");

/** `Microsoft.X/a/b` of `…/providers/Microsoft.X/a/NAME/b/NAME`. */
function typeOf(id: string): string {
  const [, provider = "", path = ""] = /.*\/providers\/([^/]+)\/(.+)$/i.exec(id) ?? [];
  return [provider, ...path.split("/").filter((_, index) => index % 2 === 0)].join("/");
}

/** Whether nothing but the bookkeeping has changed. */
function isSame(before: ResourceDocument | undefined, after: ResourceDocument): boolean {
  const told = (resource: ResourceDocument) =>
    JSON.stringify([resource.location, resource.tags, resource.properties]);
  return before !== undefined && told(before) === told(after);
}

/** The published events have 1 and 0 for true and false. */
function withNumbers(value: unknown): unknown {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withNumbers(one)]));
}
