import { randomUUID } from "node:crypto";
import { z } from "zod";
import { armError } from "../front/arm-error.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { type Route, readRoute } from "./route.ts";
import type { EventGridStore } from "./store.ts";
import { type Subscription, SubscriptionProperties, toDocument } from "./subscription.ts";

export interface ArmOptions {
  readonly store: EventGridStore;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  /** The endpoint of this subscription is new: it must be asked. */
  readonly onUnvalidated: (subscription: Subscription) => void;
}

type SubscriptionRoute = Extract<Route, { kind: "subscription" }>;

const TopicBody = z.looseObject({
  location: z.string().optional(),
  properties: z.looseObject({ source: z.string().startsWith("/"), topicType: z.string() }),
});
const SubscriptionBody = z.object({ properties: SubscriptionProperties });
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
const NAME = /^[a-zA-Z0-9-]{3,64}$/;

/** The Resource Manager side: system topics and event subscriptions. */
export function createArm({ store, authenticate, onUnvalidated }: ArmOptions) {
  return async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const route = readRoute(request.segments);
    if (!route) return undefined;
    if (!authenticate(request.headers)) return unauthenticated();
    const version = request.query.get("api-version");
    if (!version)
      return armError(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
      );
    if (!API_VERSION.test(version))
      return armError(
        400,
        "InvalidApiVersionParameter",
        `The api-version '${version}' is invalid, expected a date such as 2022-06-15.`,
      );
    if (route.kind === "topic") return onTopic(request, route);
    if (route.kind === "subscriptions") return onList(request, route.prefix);
    return onSubscription(request, route);
  };

  function onTopic(
    { method, body }: ServiceRequest,
    { id, name }: Extract<Route, { kind: "topic" }>,
  ): ServiceAnswer {
    if (method === "GET") {
      const document = store.topic(id);
      return document ? { status: 200, body: document } : notFound(id);
    }
    if (method === "DELETE") return { status: store.deleteTopic(id) ? 200 : 204 };
    if (method !== "PUT") return methodNotAllowed(method);
    const read = readBody(TopicBody, body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const existed = store.topic(id) !== undefined;
    const document = {
      ...read.value,
      id,
      name,
      type: "Microsoft.EventGrid/systemTopics",
      properties: { ...read.value.properties, provisioningState: "Succeeded" },
    };
    store.putTopic(id, document);
    return { status: existed ? 200 : 201, body: document };
  }

  function onList({ method }: ServiceRequest, prefix: string): ServiceAnswer {
    if (method !== "GET") return methodNotAllowed(method);
    const listed = store
      .subscriptions()
      .filter(({ resourceId }) => resourceId.toLowerCase().startsWith(prefix.toLowerCase()));
    return { status: 200, body: { value: listed.map(toDocument) } };
  }

  function onSubscription(request: ServiceRequest, route: SubscriptionRoute): ServiceAnswer {
    const existing = store.subscription(route.id);
    if (request.method === "POST" && route.action === "getfullurl") {
      if (!existing) return notFound(route.id);
      return { status: 200, body: { endpointUrl: existing.properties.destination.properties.endpointUrl } };
    }
    if (route.action) return notFound(`${route.id}/${route.action}`);
    if (request.method === "GET")
      return existing ? { status: 200, body: toDocument(existing) } : notFound(route.id);
    if (request.method === "DELETE") {
      if (existing) store.deleteSubscription(existing.id);
      return { status: existing ? 200 : 204 };
    }
    if (request.method !== "PUT") return methodNotAllowed(request.method);
    return putSubscription(request, route, existing);
  }

  function putSubscription(
    { body, origin }: ServiceRequest,
    { id, name, scope }: SubscriptionRoute,
    existing: Subscription | undefined,
  ): ServiceAnswer {
    if (!NAME.test(name)) {
      return armError(
        400,
        "InvalidRequest",
        `The event subscription name '${name}' must be 3 to 64 letters, digits or hyphens.`,
      );
    }
    const topic = "topicId" in scope ? sourceOf(scope.topicId) : scope.resourceId;
    if (topic === undefined) return "topicId" in scope ? notFound(scope.topicId) : notFound(id);
    const read = readBody(SubscriptionBody, body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const { properties } = read.value;
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

  function sourceOf(topicId: string): string | undefined {
    const document = store.topic(topicId);
    return document && TopicBody.parse(document).properties.source;
  }
}

function isSameEndpoint(before: SubscriptionProperties, after: SubscriptionProperties): boolean {
  const urlOf = ({ destination }: SubscriptionProperties) => destination.properties.endpointUrl;
  return urlOf(before) === urlOf(after) && before.eventDeliverySchema === after.eventDeliverySchema;
}

function readBody<T>(schema: z.ZodType<T>, bytes: Uint8Array): { value: T } | { refused: string } {
  try {
    const read = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (read.success) return { value: read.data };
    const [issue] = read.error.issues;
    return {
      refused: `The field '${issue?.path.join(".") ?? ""}' is invalid: ${issue?.message ?? "unknown"}.`,
    };
  } catch {
    return { refused: "The request body is not JSON." };
  }
}

function unauthenticated(): ServiceAnswer {
  const message = "The access token is missing, invalid or expired.";
  return armError(401, "InvalidAuthenticationToken", message, {
    "www-authenticate": 'Bearer error="invalid_token"',
  });
}

function notFound(id: string): ServiceAnswer {
  return armError(404, "ResourceNotFound", `The resource '${id}' was not found.`);
}

function methodNotAllowed(method: string): ServiceAnswer {
  return armError(405, "MethodNotAllowed", `The method ${method} is not allowed on this resource.`);
}
