import * as z from "zod";
import { OuterloopError } from "../errors.ts";
import { sessionOf } from "./session.ts";
import { Signal, SignalKind } from "./signal.ts";

const TYPE_PREFIX = "outerloop.signal.";

/** A signal as CloudEvents 1.0, JSON format: what travels between a door and a decision. */
export const SignalEvent = z.object({
  specversion: z.literal("1.0"),
  id: z.string().min(1).max(128),
  source: z.string().min(1),
  type: z.templateLiteral([TYPE_PREFIX, SignalKind]),
  subject: z.string().min(1),
  time: z.iso.datetime(),
  datacontenttype: z.literal("application/json"),
  data: Signal.omit({ id: true, kind: true, occurredAt: true }),
});
export type SignalEvent = z.infer<typeof SignalEvent>;

/** A message that should carry a signal does not. Another attempt cannot help; the message is wrong. */
export class SignalEventError extends OuterloopError {
  override name = "SignalEventError";

  constructor(field: string, complaint: string) {
    super(
      `The signal's CloudEvent cannot be read at '${field}': ${complaint}. ` +
        "Expected CloudEvents 1.0 as the doors publish it.",
      { field },
    );
  }
}

export function toCloudEvent(signal: Signal): SignalEvent {
  const { id, kind, occurredAt, ...data } = signal;
  return {
    specversion: "1.0",
    id,
    source: `/outerloop/doors/${encodeURIComponent(signal.source.door)}`,
    type: `${TYPE_PREFIX}${kind}`,
    subject: sessionOf(signal),
    time: occurredAt,
    datacontenttype: "application/json",
    data,
  };
}

/**
 * The way back from {@link toCloudEvent}.
 *
 * @throws {SignalEventError} naming the first field that is not as expected
 */
export function fromCloudEvent(event: unknown): Signal {
  const read = SignalEvent.safeParse(event);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new SignalEventError(issue?.path.join(".") || "(root)", issue?.message ?? "not an object");
  }
  const { id, type, time, data } = read.data;
  return Signal.parse({ id, kind: type.slice(TYPE_PREFIX.length), occurredAt: time, ...data });
}
