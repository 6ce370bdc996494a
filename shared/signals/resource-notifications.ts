import * as z from "zod";
import { buildSignal } from "./build.ts";
import type { EventParser } from "./event-parser.ts";
import { caseless, OptionalText, readTime } from "./fields.ts";
import { type HealthFacts, healthState } from "./health.ts";
import { ignored, signalled } from "./outcome.ts";
import { foldCase, subjectOf } from "./resource-id.ts";
import { signalId } from "./signal-id.ts";

const Notification = z.object({
  resourceInfo: z.object({
    properties: caseless({
      targetResourceId: OptionalText,
      occurredTime: OptionalText,
      availabilityState: OptionalText,
      previousAvailabilityState: OptionalText,
      annotationName: OptionalText,
      context: OptionalText,
      reason: OptionalText,
      summary: OptionalText,
    }),
  }),
});

/** A resource became available or unavailable. Id: resource, state and when. */
export const availabilityChanged: EventParser = (event, { rule, occurredAt, data }) => {
  const read = Notification.safeParse(data);
  if (!read.success) return { problem: read.error };
  const { targetResourceId, occurredTime, availabilityState, previousAvailabilityState } =
    read.data.resourceInfo.properties;
  const facts: HealthFacts = { current: availabilityState, previous: previousAvailabilityState };
  const state = healthState(facts);
  if (!state)
    return ignored(
      rule,
      `an availability of ${availabilityState?.slice(0, 40) ?? "nothing"} calls for nothing`,
    );
  const resource = targetResourceId ?? event.subject;
  const changedAt = readTime(occurredTime) ?? occurredAt;
  const signal = buildSignal({
    id: signalId("platform.unhealthy", foldCase(resource), state, changedAt),
    kind: "platform.unhealthy",
    state,
    subject: { ...subjectOf(resource), resource },
    severity: 1,
    occurredAt: changedAt,
    facts: { ...facts },
    source: { door: "model-events", type: event.type, id: event.id },
  });
  return signalled(rule, signal);
};

/** What the platform did to a resource. What its own users did calls for nothing. Id: the event's own. */
export const resourceAnnotated: EventParser = (event, { rule, occurredAt, data }) => {
  const read = Notification.safeParse(data);
  if (!read.success) return { problem: read.error };
  const { targetResourceId, annotationName, context, reason, summary } = read.data.resourceInfo.properties;
  if (context?.toLowerCase() !== "platform initiated") {
    return ignored(
      rule,
      `${annotationName?.slice(0, 60) ?? "the annotation"} was not initiated by the platform`,
    );
  }
  const resource = targetResourceId ?? event.subject;
  const signal = buildSignal({
    id: signalId("platform.unhealthy", foldCase(event.source), event.id),
    kind: "platform.unhealthy",
    subject: { ...subjectOf(resource), resource },
    severity: 2,
    occurredAt,
    facts: { annotation: annotationName, reason, summary },
    source: { door: "model-events", type: event.type, id: event.id },
  });
  return signalled(rule, signal);
};
