import { z } from "zod";
import type { RaisedEvent } from "../service.ts";

/** Hosts that the stand-in may call: it never sends anything off this machine. */
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const EndpointUrl = z.url({ protocol: /^https?$/ }).refine((url) => LOOPBACK.has(new URL(url).hostname), {
  message: "must be on localhost, 127.0.0.1 or [::1]: the stand-in sends nothing off this machine",
});

const Filter = z.looseObject({
  includedEventTypes: z.array(z.string()).nullish(),
  subjectBeginsWith: z.string().default(""),
  subjectEndsWith: z.string().default(""),
  isSubjectCaseSensitive: z.boolean().default(false),
  // Refused rather than ignored: an ignored filter would deliver what the subscriber has ruled out.
  advancedFilters: z.array(z.unknown()).max(0, "advanced filters are not simulated").nullish(),
});

const RetryPolicy = z.object({
  maxDeliveryAttempts: z.int().min(1).max(30).default(30),
  eventTimeToLiveInMinutes: z.int().min(1).max(1440).default(1440),
});

/** The `properties` of an event subscription, as far as the stand-in acts on them; others are kept and shown. */
export const SubscriptionProperties = z.looseObject({
  destination: z.object({
    endpointType: z.literal("WebHook", "only the endpoint type WebHook is simulated"),
    properties: z.looseObject({ endpointUrl: EndpointUrl }),
  }),
  filter: Filter.default(Filter.parse({})),
  eventDeliverySchema: z.enum(["EventGridSchema", "CloudEventSchemaV1_0"]).default("EventGridSchema"),
  retryPolicy: RetryPolicy.default(RetryPolicy.parse({})),
});
export type SubscriptionProperties = z.infer<typeof SubscriptionProperties>;

export type ProvisioningState = "Creating" | "Updating" | "Succeeded" | "Failed" | "AwaitingManualAction";

export interface Subscription {
  readonly id: number;
  /** ARM id in the caller's casing. */
  readonly resourceId: string;
  readonly name: string;
  /** ARM id of the resource whose events it takes. */
  readonly topic: string;
  readonly properties: SubscriptionProperties;
  readonly state: ProvisioningState;
  readonly validationCode: string;
  /** Where a person may confirm the subscription by hand. */
  readonly validationUrl: string;
}

/** Names and subjects are compared as Azure does: without regard to case, unless the filter says otherwise. */
export function isWanted(event: RaisedEvent, topic: string, { filter }: SubscriptionProperties): boolean {
  if (event.topic.toLowerCase() !== topic.toLowerCase()) return false;
  const types = filter.includedEventTypes?.map((type) => type.toLowerCase()) ?? [];
  if (types.length > 0 && !types.includes("all") && !types.includes(event.eventType.toLowerCase()))
    return false;
  const fold = (text: string) => (filter.isSubjectCaseSensitive ? text : text.toLowerCase());
  const subject = fold(event.subject);
  return subject.startsWith(fold(filter.subjectBeginsWith)) && subject.endsWith(fold(filter.subjectEndsWith));
}

/** The resource as Resource Manager shows it: the endpoint without its query, which holds the secret. */
export function toDocument({
  resourceId,
  name,
  topic,
  properties,
  state,
}: Subscription): Record<string, unknown> {
  const { endpointUrl, ...rest } = properties.destination.properties;
  const { origin, pathname } = new URL(endpointUrl);
  const shown = { ...rest, endpointBaseUrl: `${origin}${pathname}` };
  return {
    id: resourceId,
    name,
    type: "Microsoft.EventGrid/eventSubscriptions",
    properties: {
      ...properties,
      topic,
      provisioningState: state,
      destination: { endpointType: "WebHook", properties: shown },
    },
  };
}
