import type { RaisedEvent } from "../service.ts";

/** An event as it is kept: what was raised, with the id that every delivery of it shares. */
export interface KeptEvent extends RaisedEvent {
  readonly id: string;
  readonly eventTime: string;
}

export type DeliverySchema = "EventGridSchema" | "CloudEventSchemaV1_0";

/** The envelope of the schema that the subscriber asked for. */
export function toEnvelope(event: KeptEvent, schema: DeliverySchema): Record<string, unknown> {
  const { id, topic, subject, eventType, eventTime, data, dataVersion = "" } = event;
  if (schema === "CloudEventSchemaV1_0") {
    return { id, source: topic, subject, type: eventType, time: eventTime, data, specversion: "1.0" };
  }
  return { id, topic, subject, eventType, eventTime, data, dataVersion, metadataVersion: "1" };
}

/**
 * @param events - one, or a batch: then there is no one id to tell
 * @param attempts - how many came before this one
 */
export function deliveryHeaders(
  events: readonly [KeptEvent, ...KeptEvent[]],
  schema: DeliverySchema,
  subscription: string,
  attempts: number,
): Record<string, string> {
  const [event] = events;
  const common = {
    "aeg-event-type": "Notification",
    "aeg-subscription-name": subscription,
    "aeg-delivery-count": String(attempts),
    ...(events.length === 1 && { "aeg-output-event-id": event.id }),
  };
  if (schema === "CloudEventSchemaV1_0") {
    return { ...common, "content-type": "application/cloudevents-batch+json; charset=utf-8" };
  }
  return {
    ...common,
    "content-type": "application/json; charset=utf-8",
    "aeg-data-version": event.dataVersion ?? "",
    "aeg-metadata-version": "1",
  };
}

export interface Death {
  readonly reason: string;
  readonly attempts: number;
  readonly outcome: string;
  readonly publishTime: string;
  readonly lastAttemptTime: string | null;
}

/** The envelope with the fields that a dead letter adds to it. */
export function toDeadLetter(
  event: KeptEvent,
  schema: DeliverySchema,
  death: Death,
): Record<string, unknown> {
  const fields = {
    deadLetterReason: death.reason,
    deliveryAttempts: death.attempts,
    lastDeliveryOutcome: death.outcome,
    publishTime: death.publishTime,
    ...(death.lastAttemptTime === null ? {} : { lastDeliveryAttemptTime: death.lastAttemptTime }),
  };
  const isCloudEvent = schema === "CloudEventSchemaV1_0";
  const named = Object.entries(fields).map(([name, value]) => [
    isCloudEvent ? name.toLowerCase() : name,
    value,
  ]);
  return { ...toEnvelope(event, schema), ...Object.fromEntries(named) };
}
