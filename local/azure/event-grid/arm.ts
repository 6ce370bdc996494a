import { randomUUID } from "node:crypto";
import * as z from "zod";
import { armError } from "../front/arm-error.ts";
import {
  type Authenticate,
  methodNotAllowed,
  notFound,
  readArmBody,
  refusedByGateway,
} from "../front/arm-request.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { type Route, readRoute } from "./route.ts";
import type { EventGridStore } from "./store.ts";
import { type Subscription, SubscriptionProperties, toDocument } from "./subscription.ts";
import { createSystemTopics, isBelow, sourceOf } from "./system-topics.ts";

export interface ArmOptions {
  readonly store: EventGridStore;
  readonly authenticate: Authenticate;
  /** The endpoint of this subscription is new: it must be asked. */
  readonly onUnvalidated: (subscription: Subscription) => void;
  /** It is gone; its endpoint is told. */
  readonly onDeleted: (subscription: Subscription) => void;
}

type SubscriptionRoute = Extract<Route, { kind: "subscription" }>;

const SubscriptionBody = z.object({ properties: SubscriptionProperties });
/** What a PATCH may change: the same fields, outside of `properties`. */
const UpdateBody = z.looseObject({
  destination: z.unknown().optional(),
  filter: z.unknown().optional(),
  labels: z.array(z.string()).optional(),
  expirationTimeUtc: z.unknown().optional(),
  eventDeliverySchema: z.unknown().optional(),
  retryPolicy: z.unknown().optional(),
  deadLetterDestination: z.unknown().optional(),
});
/** @see https://learn.microsoft.com/azure/event-grid/quotas-limits */
const MOST_PER_TOPIC = 500;
const NAME = /^[a-zA-Z0-9-]{3,64}$/;

/** The Resource Manager side: system topics and event subscriptions. */
export function createArm({ store, authenticate, onUnvalidated, onDeleted }: ArmOptions) {
  const topics = createSystemTopics(store);

  return async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const route = readRoute(request.segments);
    if (!route) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (route.kind === "topic") return topics.onTopic(request, route);
    if (route.kind === "topics") return topics.onTopics(request, route.prefix);
    if (route.kind === "topic-types") return topics.onTopicTypes(request, route.name, route.child);
    if (route.kind === "subscriptions") return onList(request, route.prefix);
    return onSubscription(request, route);
  };

  function onList({ method }: ServiceRequest, prefix: string): ServiceAnswer {
    if (method !== "GET") return methodNotAllowed(method);
    const listed = store.subscriptions().filter(({ resourceId }) => isBelow(resourceId, prefix));
    return { status: 200, body: { value: listed.map(toDocument) } };
  }

  function onSubscription(request: ServiceRequest, route: SubscriptionRoute): ServiceAnswer {
    const { method } = request;
    const existing = store.subscription(route.id);
    if (route.action) return onAction(method, route, existing);
    if (method === "GET") return existing ? { status: 200, body: toDocument(existing) } : notFound(route.id);
    if (method === "DELETE") {
      if (!existing) return { status: 204 };
      store.deleteSubscription(existing.id);
      onDeleted(existing);
      return { status: 200 };
    }
    if (method === "PATCH") return patchSubscription(request, route, existing);
    if (method !== "PUT") return methodNotAllowed(method);
    const read = readArmBody(SubscriptionBody, request.body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    return putSubscription(request, route, existing, read.value.properties);
  }

  function hasMost(topic: string): boolean {
    const ofTopic = store.subscriptions().filter((one) => one.topic.toLowerCase() === topic.toLowerCase());
    return ofTopic.length >= MOST_PER_TOPIC;
  }

  function onAction(method: string, route: SubscriptionRoute, existing?: Subscription): ServiceAnswer {
    if (method !== "POST") return methodNotAllowed(method);
    if (!existing) return notFound(route.id);
    const { endpointUrl, deliveryAttributeMappings } = existing.properties.destination.properties;
    if (route.action === "getfullurl") return { status: 200, body: { endpointUrl } };
    if (route.action === "getdeliveryattributes") {
      return { status: 200, body: { value: deliveryAttributeMappings ?? [] } };
    }
    return notFound(`${route.id}/${route.action}`);
  }

  /** Keeps what is not named, the endpoint included. */
  function patchSubscription(
    request: ServiceRequest,
    route: SubscriptionRoute,
    existing: Subscription | undefined,
  ): ServiceAnswer {
    if (!existing) return notFound(route.id);
    const read = readArmBody(UpdateBody, request.body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const merged = SubscriptionBody.safeParse({ properties: { ...existing.properties, ...read.value } });
    if (merged.success) return putSubscription(request, route, existing, merged.data.properties);
    const [issue] = merged.error.issues;
    const field = issue?.path.slice(1).join(".") ?? "";
    return armError(
      400,
      "InvalidRequest",
      `The field '${field}' is invalid: ${issue?.message ?? "unknown"}.`,
    );
  }

  function putSubscription(
    { origin }: ServiceRequest,
    { id, name, scope }: SubscriptionRoute,
    existing: Subscription | undefined,
    properties: SubscriptionProperties,
  ): ServiceAnswer {
    if (!NAME.test(name)) {
      return armError(
        400,
        "InvalidRequest",
        `The event subscription name '${name}' must be 3 to 64 letters, digits or hyphens.`,
      );
    }
    const document = "topicId" in scope ? store.topic(scope.topicId) : undefined;
    if ("topicId" in scope && !document) return notFound(scope.topicId);
    const topic = "topicId" in scope ? sourceOf(document ?? {}) : scope.resourceId;
    if (!existing && hasMost(topic)) {
      return armError(
        400,
        "InvalidRequest",
        `'${topic}' has ${MOST_PER_TOPIC} event subscriptions, the most that a topic may have.`,
      );
    }
    if (existing?.state === "Succeeded" && isSameEndpoint(existing.properties, properties)) {
      return { status: 201, body: toDocument(store.putSubscription({ ...existing, topic, properties })) };
    }
    const wasWorking = existing?.state === "Succeeded" || existing?.state === "Updating";
    const validationCode = randomUUID();
    const subscription = store.putSubscription({
      resourceId: id,
      name,
      topic,
      properties,
      state: wasWorking ? "Updating" : "Creating",
      validationCode,
      validationUrl: `${origin}/_eventgrid/validate?id=${encodeURIComponent(id)}&code=${validationCode}`,
    });
    onUnvalidated(subscription);
    return { status: 201, body: toDocument(subscription) };
  }
}

function isSameEndpoint(before: SubscriptionProperties, after: SubscriptionProperties): boolean {
  const urlOf = ({ destination }: SubscriptionProperties) => destination.properties.endpointUrl;
  return urlOf(before) === urlOf(after) && before.eventDeliverySchema === after.eventDeliverySchema;
}
