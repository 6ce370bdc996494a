import * as z from "zod";
import { Name, OptionalText, parsedJson } from "./fields.ts";

const EventGridSchema = z.object({
  id: Name,
  topic: OptionalText,
  source: OptionalText,
  subject: OptionalText,
  eventType: Name,
  eventTime: z.unknown().optional(),
  data: z.unknown().optional(),
});

const CloudEventSchema = z.object({
  id: Name,
  source: OptionalText,
  subject: OptionalText,
  type: Name,
  time: z.unknown().optional(),
  data: z.unknown().optional(),
  data_base64: z.string().max(2_000_000).optional(),
});

/** One event, whichever of the two schemas it came in. */
export type EventEnvelope = {
  id: string;
  /** Resource id of the workspace, registry or policy scope: `topic`, or `source` in CloudEvents. */
  source: string;
  subject: string;
  type: string;
  /** When it was raised, as sent. */
  time?: unknown;
  /** Parsed, when it came as JSON text or base64. */
  data: unknown;
};

/** Reads either schema: CloudEvents names its type `type`, Event Grid `eventType`. */
export function readEnvelope(event: Record<string, unknown>): z.ZodSafeParseResult<EventEnvelope> {
  const isCloudEvent = !("eventType" in event) && "type" in event;
  return isCloudEvent ? CloudEvent.safeParse(event) : EventGridEvent.safeParse(event);
}

const EventGridEvent = z.compile(
  EventGridSchema.transform(({ eventType, eventTime, topic, source, subject, ...rest }) => ({
    ...rest,
    type: eventType,
    time: eventTime,
    source: topic ?? source ?? "",
    subject: subject ?? "",
    data: parsedJson(rest.data),
  })),
);

const CloudEvent = z.compile(
  CloudEventSchema.transform(({ data_base64, source, subject, ...rest }) => ({
    ...rest,
    source: source ?? "",
    subject: subject ?? "",
    data: parsedJson(
      data_base64 === undefined ? rest.data : Buffer.from(data_base64, "base64").toString("utf8"),
    ),
  })),
);
