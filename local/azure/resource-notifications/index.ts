import path from "node:path";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import { armError } from "../front/arm-error.ts";
import { methodNotAllowed, readArmBody } from "../front/arm-request.ts";
import type {
  EventOfChange,
  RaiseEvent,
  ReportHealth,
  Service,
  ServiceAnswer,
  ServiceRequest,
} from "../service.ts";
import { type Availability, annotationEvent, availabilityEvent, resourceEvent } from "./events.ts";
import { AvailabilityState, HealthStore } from "./store.ts";

export interface ResourceNotificationsOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly clock: Clock;
  readonly raise: RaiseEvent;
}

export interface ResourceNotifications {
  readonly service: Service;
  readonly eventOfChange: EventOfChange;
  readonly reportHealth: ReportHealth;
}

const PATH = "_availability";

const ResourceId = z
  .string()
  .startsWith("/subscriptions/", "expected the id of a resource in a subscription");
const Body = z.union([
  z.strictObject({ resourceId: ResourceId, availabilityState: AvailabilityState }),
  z.strictObject({
    resourceId: ResourceId,
    annotationName: z.string().min(1),
    reason: z.string().default(""),
    summary: z.string().default(""),
    context: z.enum(["Platform Initiated", "Customer Initiated"]).default("Platform Initiated"),
    category: z.string().default("Unplanned"),
  }),
]);

/**
 * Azure Resource Notifications: events of resources that are made, changed and deleted, and of their health.
 *
 * Azure tells of the health of virtual machines and scale sets alone, which nothing here has. Here deployments stand in
 * for the machines they run on: one that the platform could not provision is unavailable until an operation on it
 * succeeds. What else befalls a resource is put in at `/_availability`.
 */
export function createResourceNotifications(options: ResourceNotificationsOptions): ResourceNotifications {
  const { data, clock, raise } = options;
  const store = new HealthStore(path.join(data, "resource-health.sqlite"));

  /** Raised before it is kept: a crash in between has it raised twice rather than never. */
  function change(resourceId: string, current: Availability): void {
    const previous = store.availability(resourceId);
    if (previous === current) return;
    const now = clock.now();
    raise(availabilityEvent(resourceId, previous, current, now));
    store.put({ resourceId, availabilityState: current, occurredTime: new Date(now).toISOString() });
  }

  const reportHealth: ReportHealth = (resourceId, isProvisioned) => {
    if (!isProvisioned) change(resourceId, "Unavailable");
    // Azure tells nothing of a machine that is well from the start.
    else if (store.availability(resourceId) !== "Unknown") change(resourceId, "Available");
  };

  async function handle({
    method,
    segments,
    headers,
    body,
  }: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (segments[0] !== PATH || segments.length > 1) return undefined;
    if (method === "GET") return { status: 200, body: { value: store.all() } };
    if (method !== "POST") return methodNotAllowed(method);
    if (!/^application\/json\b/i.test(headers["content-type"] ?? "")) {
      return armError(415, "UnsupportedMediaType", "content-type: expected application/json");
    }
    const read = readArmBody(Body, body);
    if ("refused" in read) return armError(400, "InvalidAvailability", read.refused);
    const { resourceId, ...facts } = read.value;
    if ("availabilityState" in facts) change(resourceId, facts.availabilityState);
    else raise(annotationEvent(resourceId, facts, clock.now()));
    return { status: 200, body: { resourceId, ...facts } };
  }

  return {
    service: { name: "resource-notifications", handle, stop: async () => store.close() },
    eventOfChange: (before, after) => resourceEvent(before, after, clock.now()),
    reportHealth,
  };
}
