import * as z from "zod";
import { armError } from "../front/arm-error.ts";
import { methodNotAllowed, notFound, readArmBody } from "../front/arm-request.ts";
import { guidOf } from "../guid.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Route } from "./route.ts";
import type { EventGridStore } from "./store.ts";
import {
  eventTypeDocuments,
  findTopicType,
  TOPIC_TYPES,
  type TopicType,
  topicTypeDocument,
} from "./topic-types.ts";

const TopicBody = z.looseObject({
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.looseObject({ source: z.string().startsWith("/"), topicType: z.string() }),
});
const TagsBody = z.looseObject({ tags: z.record(z.string(), z.string()).nullish() });
type TopicBody = z.infer<typeof TopicBody>;

/** The resource whose events a system topic carries. */
export function sourceOf(document: Record<string, unknown>): string {
  return TopicBody.parse(document).properties.source;
}

/** System topics, and the topic types that they may be of. */
export function createSystemTopics(store: EventGridStore) {
  function onTopic(
    { method, body }: ServiceRequest,
    { id, name }: Extract<Route, { kind: "topic" }>,
  ): ServiceAnswer {
    const existing = store.topic(id);
    if (method === "GET") return existing ? { status: 200, body: existing } : notFound(id);
    if (method === "DELETE") return { status: store.deleteTopic(id) ? 200 : 204 };
    if (method === "PATCH") return existing ? patchTags(id, existing, body) : notFound(id);
    if (method !== "PUT") return methodNotAllowed(method);
    const read = readArmBody(TopicBody, body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const refused = refusalOf(id, read.value);
    if (refused) return armError(400, "InvalidRequest", refused);
    const document = {
      ...read.value,
      id,
      name,
      type: "Microsoft.EventGrid/systemTopics",
      properties: {
        ...read.value.properties,
        provisioningState: "Succeeded",
        metricResourceId: guidOf(id.toLowerCase()),
      },
    };
    store.putTopic(id, document);
    return { status: existing ? 200 : 201, body: document };
  }

  function patchTags(id: string, existing: Record<string, unknown>, body: Uint8Array): ServiceAnswer {
    const read = readArmBody(TagsBody, body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const document = { ...existing, tags: read.value.tags ?? existing.tags };
    store.putTopic(id, document);
    return { status: 200, body: document };
  }

  function refusalOf(id: string, { location, properties }: TopicBody): string | undefined {
    const { topicType, source } = properties;
    const type = findTopicType(topicType);
    if (!type) {
      const known = TOPIC_TYPES.map(({ name }) => name).join(", ");
      return `The topic type '${topicType}' is not simulated, expected one of ${known}.`;
    }
    if (!type.source.test(source)) return `The source '${source}' is no source of ${type.name}.`;
    if (type.scope === "GlobalResource" && location.toLowerCase() !== "global") {
      return `The location '${location}' is invalid: a topic of ${type.name} is 'global'.`;
    }
    const other = store.topics().find((topic) => isOtherOf(topic, id, type, source));
    return other && `Only one system topic is allowed per source: '${String(other.name)}' exists.`;
  }

  function onTopics({ method }: ServiceRequest, prefix: string): ServiceAnswer {
    if (method !== "GET") return methodNotAllowed(method);
    const value = store.topics().filter(({ id }) => isBelow(String(id), prefix));
    return { status: 200, body: { value } };
  }

  function onTopicTypes({ method }: ServiceRequest, name?: string, child?: string): ServiceAnswer {
    if (method !== "GET") return methodNotAllowed(method);
    if (name === undefined) return { status: 200, body: { value: TOPIC_TYPES.map(topicTypeDocument) } };
    const type = findTopicType(name);
    if (!type || (child !== undefined && child !== "eventtypes")) return notFound(name);
    if (child) return { status: 200, body: { value: eventTypeDocuments(type) } };
    return { status: 200, body: topicTypeDocument(type) };
  }

  return { onTopic, onTopics, onTopicTypes };
}

function isOtherOf(topic: Record<string, unknown>, id: string, type: TopicType, source: string): boolean {
  const { properties } = TopicBody.parse(topic);
  if (String(topic.id).toLowerCase() === id.toLowerCase()) return false;
  const isSameType = properties.topicType.toLowerCase() === type.name.toLowerCase();
  return isSameType && properties.source.toLowerCase() === source.toLowerCase();
}

export const isBelow = (id: string, prefix: string) => id.toLowerCase().startsWith(prefix.toLowerCase());
