import * as z from "zod";
import { LoopbackUrl } from "../front/loopback-url.ts";
import { DEVELOPMENT_ACCOUNT } from "../storage/index.ts";
import { AdvancedFilters, lookUp, passes } from "./advanced-filter.ts";
import type { KeptEvent } from "./envelope.ts";

const Filter = z.looseObject({
  includedEventTypes: z.array(z.string()).nullish(),
  subjectBeginsWith: z.string().default(""),
  subjectEndsWith: z.string().default(""),
  isSubjectCaseSensitive: z.boolean().default(false),
  advancedFilters: AdvancedFilters.nullish(),
  enableAdvancedFilteringOnArrays: z.boolean().nullish(),
});

const RetryPolicy = z.object({
  maxDeliveryAttempts: z.int().min(1).max(30).default(30),
  eventTimeToLiveInMinutes: z.int().min(1).max(1440).default(1440),
});

/** @see https://learn.microsoft.com/azure/event-grid/delivery-properties */
const MOST_HEADER_BYTES = 4_096;
const HeaderValue = z
  .string()
  .refine(
    (value) => Buffer.byteLength(value) <= MOST_HEADER_BYTES,
    `must not exceed ${MOST_HEADER_BYTES} bytes`,
  );
const AttributeName = z
  .string()
  .min(1)
  .refine((name) => !/^aeg-/i.test(name), "must not begin with 'aeg-', which is Event Grid's own");
const AttributeMapping = z.discriminatedUnion("type", [
  z.object({
    name: AttributeName,
    type: z.literal("Static"),
    properties: z.object({ value: HeaderValue, isSecret: z.boolean().default(false) }),
  }),
  z.object({
    name: AttributeName,
    type: z.literal("Dynamic"),
    properties: z.object({ sourceField: z.string().min(1) }),
  }),
]);

const notSimulated = (what: string) => z.null(`${what} is not simulated`).optional();

const WebHook = z.looseObject({
  endpointUrl: LoopbackUrl,
  maxEventsPerBatch: z.int().min(1).max(5_000).default(1),
  preferredBatchSizeInKilobytes: z.int().min(1).max(1_024).default(64),
  deliveryAttributeMappings: z.array(AttributeMapping).max(10).nullish(),
  // Refused rather than ignored: the subscriber would wait for a token that never comes.
  azureActiveDirectoryTenantId: notSimulated("a Microsoft Entra token on deliveries"),
  azureActiveDirectoryApplicationIdOrUri: notSimulated("a Microsoft Entra token on deliveries"),
});

const STORAGE_ACCOUNT = new RegExp(`/Microsoft\\.Storage/storageAccounts/${DEVELOPMENT_ACCOUNT}$`, "i");
const DeadLetterDestination = z.object({
  endpointType: z.literal("StorageBlob"),
  properties: z.object({
    resourceId: z
      .string()
      .regex(
        STORAGE_ACCOUNT,
        `must end in /Microsoft.Storage/storageAccounts/${DEVELOPMENT_ACCOUNT}, the one account`,
      ),
    blobContainerName: z.string().regex(/^[a-z0-9](-?[a-z0-9]){2,62}$/, "must be a container's name"),
  }),
});

/** The `properties` of an event subscription, as far as the stand-in acts on them; others are kept and shown. */
export const SubscriptionProperties = z.looseObject({
  destination: z.object({
    endpointType: z.literal("WebHook", "only the endpoint type WebHook is simulated"),
    properties: WebHook,
  }),
  filter: Filter.default(Filter.parse({})),
  eventDeliverySchema: z
    .enum(
      ["EventGridSchema", "CloudEventSchemaV1_0"],
      "expected 'EventGridSchema' or 'CloudEventSchemaV1_0': topics of Azure's own know no other",
    )
    .default("EventGridSchema"),
  deadLetterDestination: DeadLetterDestination.nullish(),
  expirationTimeUtc: z.iso.datetime({ offset: true }).nullish(),
  deliveryWithResourceIdentity: notSimulated("delivery with a managed identity"),
  deadLetterWithResourceIdentity: notSimulated("dead-lettering with a managed identity"),
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
export function isWanted(
  event: KeptEvent,
  topic: string,
  { filter, eventDeliverySchema }: SubscriptionProperties,
): boolean {
  if (event.topic.toLowerCase() !== topic.toLowerCase()) return false;
  const types = filter.includedEventTypes?.map((type) => type.toLowerCase()) ?? [];
  if (types.length > 0 && !types.includes("all") && !types.includes(event.eventType.toLowerCase()))
    return false;
  const fold = (text: string) => (filter.isSubjectCaseSensitive ? text : text.toLowerCase());
  const subject = fold(event.subject);
  if (!subject.startsWith(fold(filter.subjectBeginsWith))) return false;
  if (!subject.endsWith(fold(filter.subjectEndsWith))) return false;
  const isOnArrays = filter.enableAdvancedFilteringOnArrays ?? false;
  return passes(event, eventDeliverySchema, filter.advancedFilters ?? [], isOnArrays);
}

/** Own headers of a delivery. Those that name a field of the event are left out when it holds none of text, number and boolean. */
export function attributeHeaders(
  { destination }: SubscriptionProperties,
  envelope: Record<string, unknown>,
): Record<string, string> {
  const mappings = destination.properties.deliveryAttributeMappings ?? [];
  const headers = mappings.flatMap((mapping): [string, string][] => {
    if (mapping.type === "Static") return [[mapping.name, mapping.properties.value]];
    const found = lookUp(envelope, mapping.properties.sourceField);
    return ["string", "number", "boolean"].includes(typeof found) ? [[mapping.name, String(found)]] : [];
  });
  return Object.fromEntries(headers);
}

/** Secrets are told by `getDeliveryAttributes` alone. */
function withoutSecret(mapping: z.infer<typeof AttributeMapping>) {
  if (mapping.type === "Dynamic" || !mapping.properties.isSecret) return mapping;
  return { ...mapping, properties: { value: "Hidden", isSecret: true } };
}

/** The resource as Resource Manager shows it: the endpoint without its query, which holds the secret. */
export function toDocument({
  resourceId,
  name,
  topic,
  properties,
  state,
}: Subscription): Record<string, unknown> {
  const { endpointUrl, deliveryAttributeMappings, ...rest } = properties.destination.properties;
  const { origin, pathname } = new URL(endpointUrl);
  const shown = {
    ...rest,
    endpointBaseUrl: `${origin}${pathname}`,
    ...(deliveryAttributeMappings && {
      deliveryAttributeMappings: deliveryAttributeMappings.map(withoutSecret),
    }),
  };
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
