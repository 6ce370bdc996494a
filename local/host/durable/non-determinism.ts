/** The words for a step in the history that the replayed code no longer asks for. */
import { type Decision, EventType } from "./history.ts";

const KINDS: Record<Decision["EventType"], string> = {
  [EventType.TaskScheduled]: "an activity task",
  [EventType.SubOrchestrationInstanceCreated]: "a sub-orchestration",
  [EventType.TimerCreated]: "a timer",
  [EventType.EventSent]: "an event to another instance",
};

/**
 * Compares a recorded step with what the code asks for under the same number.
 *
 * @returns the failure's text, or `undefined` when the two agree
 */
export function describeMismatch(recorded: Decision, asked: Decision | undefined): string | undefined {
  const past = `${KINDS[recorded.EventType]}${nameOf(recorded)} with sequence number ${recorded.EventId}`;
  const opening = `Non-Deterministic workflow detected: A previous execution of this orchestration scheduled ${past}, but the current replay`;
  const question =
    "Was a change made to the orchestrator code after this instance had already started running?";
  if (!asked) return `${opening} has not scheduled it. ${question}`;
  if (asked.EventType !== recorded.EventType || !hasSameName(recorded, asked)) {
    return `${opening} produced ${KINDS[asked.EventType]}${nameOf(asked)} with this number. ${question}`;
  }
  return undefined;
}

function hasSameName(recorded: Decision, asked: Decision): boolean {
  if (recorded.EventType === EventType.TimerCreated || recorded.EventType === EventType.EventSent)
    return true;
  return nameOf(recorded).toLowerCase() === nameOf(asked).toLowerCase();
}

function nameOf(decision: Decision): string {
  return "Name" in decision ? ` named '${decision.Name}'` : "";
}
