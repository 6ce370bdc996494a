import type * as z from "zod";
import type { EventEnvelope } from "./event-envelope.ts";
import type { ParseOutcome } from "./outcome.ts";

/** What a parser is told beside the event. */
export type EventContext = {
  /** The row of the table that chose the parser. */
  rule: string;
  /** The event's time in UTC. */
  occurredAt: string;
  data: unknown;
};

/** A parser gives an outcome, or zod's complaint about `data`, which becomes a rejection naming the field. */
export type EventParser = (
  event: EventEnvelope,
  context: EventContext,
) => ParseOutcome | { problem: z.ZodError };
