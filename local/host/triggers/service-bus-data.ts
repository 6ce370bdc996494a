import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Binding, TypedData } from "../contract.ts";
import {
  batchValue,
  bodyBytes,
  bodyProperties,
  singleValue,
  toJson,
  utcWithOffset,
  utcWithoutZone,
} from "./payload.ts";

export interface TriggerPayload {
  readonly triggerData: TypedData;
  readonly triggerMetadata: Record<string, TypedData>;
}

/** .NET's DateTime.MaxValue: what a message without a time to live carries. */
const NEVER = "9999-12-31T23:59:59.9999999";

/** Objects of the .NET side that the app can do nothing with, but finds in its metadata. */
const OPAQUE: Readonly<Record<string, TypedData>> = {
  client: { json: "{}" },
  messageActions: { json: "{}" },
  receiveActions: { json: "{}" },
};

export function singlePayload(trigger: Binding, message: ServiceBusReceivedMessage): TriggerPayload {
  const body = bodyBytes(message.body);
  const metadata: Record<string, TypedData> = { ...opaque(trigger) };
  for (const [name, value] of Object.entries(texts(message))) {
    if (value !== undefined) metadata[name] = { string: value };
  }
  for (const [name, value] of Object.entries(values(message))) metadata[name] = toJson(value);
  metadata.sequenceNumber = toJson(message.sequenceNumber?.toNumber() ?? 0);
  if (message.enqueuedSequenceNumber !== undefined) {
    metadata.enqueuedSequenceNumber = toJson(Number(message.enqueuedSequenceNumber));
  }
  return {
    triggerData: singleValue(trigger, body),
    triggerMetadata: { ...metadata, ...bodyProperties(body) },
  };
}

/** @throws {Error} when a body cannot be delivered as the trigger asks */
export function batchPayload(
  trigger: Binding,
  messages: readonly ServiceBusReceivedMessage[],
): TriggerPayload {
  const metadata: Record<string, TypedData> = { ...opaque(trigger) };
  const [first] = messages;
  if (!first) return { triggerData: { json: "[]" }, triggerMetadata: metadata };
  const allTexts = messages.map(texts);
  for (const name of objectKeys(texts(first))) {
    const present = allTexts.map((each) => each[name]).filter((value) => value !== undefined && value !== "");
    metadata[`${name}Array`] = {
      collectionString: { string: present.filter((value) => value !== undefined) },
    };
  }
  const allValues = messages.map(values);
  for (const name of objectKeys(values(first)))
    metadata[`${name}Array`] = toJson(allValues.map((each) => each[name]));
  const sequenceNumbers = messages.map((message) => message.sequenceNumber?.toNumber() ?? 0);
  metadata.sequenceNumberArray = { collectionSint64: { sint64: sequenceNumbers } };
  return {
    triggerData: batchValue(
      trigger,
      messages.map((message) => bodyBytes(message.body)),
    ),
    triggerMetadata: metadata,
  };
}

function opaque(trigger: Binding): Record<string, TypedData> {
  const receiver =
    trigger.isSessionsEnabled === true ? ["messageSession", "sessionActions"] : ["messageReceiver"];
  return { ...OPAQUE, ...Object.fromEntries(receiver.map((name) => [name, { json: "{}" }])) };
}

function texts(message: ServiceBusReceivedMessage) {
  return {
    messageId: optionalText(message.messageId),
    lockToken: message.lockToken,
    sessionId: message.sessionId,
    replyTo: message.replyTo,
    replyToSessionId: message.replyToSessionId,
    to: message.to,
    subject: message.subject,
    label: message.subject,
    correlationId: optionalText(message.correlationId),
    contentType: message.contentType,
    partitionKey: message.partitionKey,
    deadLetterSource: message.deadLetterSource,
  };
}

function values(message: ServiceBusReceivedMessage) {
  const enqueued = message.enqueuedTimeUtc ?? new Date(0);
  const expires = message.expiresAtUtc;
  const hasEnd = expires !== undefined && !Number.isNaN(expires.getTime()) && expires.getUTCFullYear() < 9999;
  const properties = message.applicationProperties ?? {};
  return {
    /** The broker counts earlier deliveries, the host counts this one too. */
    deliveryCount: (message.deliveryCount ?? 0) + 1,
    enqueuedTimeUtc: utcWithoutZone(enqueued),
    enqueuedTime: utcWithOffset(enqueued),
    expiresAtUtc: hasEnd ? utcWithoutZone(expires) : NEVER,
    expiresAt: hasEnd ? utcWithOffset(expires) : `${NEVER}+00:00`,
    applicationProperties: properties,
    userProperties: properties,
  };
}

function optionalText(value: string | number | Buffer | undefined): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

function objectKeys<Shape extends object>(shape: Shape): (keyof Shape & string)[] {
  return Object.keys(shape).filter((key): key is keyof Shape & string => key in shape);
}
