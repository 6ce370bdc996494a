/** What waits to be done, durably: an event for an instance, or a task to run. */
import type { IncomingEvent } from "./history.ts";

/** An event on its way to an instance or an entity. */
export interface EventMessage {
  readonly kind: "event";
  /** Grows with every message: the order of delivery. */
  readonly id: number;
  readonly target: string;
  /** The generation it is meant for; `null` reaches whichever runs. */
  readonly executionId: string | null;
  /** Not before this moment, ms since the epoch; 0 for at once. */
  readonly dueAt: number;
  /** When it was sent, ISO 8601. */
  readonly sentAt: string;
  readonly event: IncomingEvent;
  /** With ExecutionStarted only: events that the generation before left over, in order. */
  readonly carried?: readonly IncomingEvent[];
}

/** A run of an activity that an instance waits for. */
export interface TaskMessage {
  readonly kind: "task";
  readonly id: number;
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  /** JSON text: an array that holds the one input. */
  readonly input: string;
}

export type Message = EventMessage | TaskMessage;
