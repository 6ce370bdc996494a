/** An instance as its status document. */
import { EventType, type HistoryEvent, isFinal, STATUS_NAMES } from "./history.ts";
import type { InstanceRow } from "./instance-rows.ts";

export interface StatusOptions {
  readonly showInput: boolean;
  readonly showHistoryOutput: boolean;
}

export interface HistoryOptions extends StatusOptions {
  /** Whether the inputs of tasks are part of the history. */
  readonly hasTaskInputs: boolean;
}

/** Every key is present, `null` where there is nothing; times are UTC in whole seconds. */
export function toStatus(row: InstanceRow, { showInput }: Pick<StatusOptions, "showInput">) {
  return {
    name: row.name,
    instanceId: row.id,
    runtimeStatus: STATUS_NAMES[row.status],
    input: showInput ? parsed(row.input) : null,
    customStatus: parsed(row.customStatus),
    output: parsed(row.output),
    createdTime: seconds(row.createdAt),
    lastUpdatedTime: seconds(row.updatedAt),
  };
}

/** Accepted while it runs, found once it has ended; a failure is an error only for those who ask for that. */
export function statusCodeOf(row: InstanceRow, failedIsError: boolean): number {
  if (!isFinal(row.status)) return 202;
  return failedIsError && STATUS_NAMES[row.status] === "Failed" ? 500 : 200;
}

/**
 * The history for readers: a task that has ended is told once, where it ended, by its name and with the time of its
 * scheduling. Inputs are JSON texts; those of tasks are kept only where `storeInputsInOrchestrationHistory` asks for it.
 *
 * @see Azure/azure-functions-durable-extension, DurableClient.cs: GetDurableOrchestrationStatusAsync
 */
export function toHistoryItems(history: readonly HistoryEvent[], options: HistoryOptions) {
  const scheduled = new Map(history.flatMap((event) => (isSchedule(event) ? [[event.EventId, event]] : [])));
  const ended = new Set(
    history.flatMap((event) => ("TaskScheduledId" in event ? [event.TaskScheduledId] : [])),
  );
  return history
    .filter(
      ({ EventType: type }) =>
        type !== EventType.OrchestratorStarted && type !== EventType.OrchestratorCompleted,
    )
    .filter((event) => !isSchedule(event) || !ended.has(event.EventId))
    .map((event) => toItem(event, scheduled, options));
}

type Schedule = Extract<HistoryEvent, { EventType: 4 | 7 }>;

function isSchedule(event: HistoryEvent): event is Schedule {
  return (
    event.EventType === EventType.TaskScheduled ||
    event.EventType === EventType.SubOrchestrationInstanceCreated
  );
}

/** What is the engine's own, in any event. */
const INNER = ["EventType", "EventId", "IsPlayed", "TaskScheduledId", "TimerId"];
/** What is left out besides, by event. */
const LEFT_OUT = new Map<number, readonly string[]>([
  [EventType.ExecutionStarted, ["Name", "OrchestrationInstance", "ParentInstance", "Version", "Tags"]],
  [EventType.TaskScheduled, ["Version"]],
  [EventType.SubOrchestrationInstanceCreated, ["Version"]],
]);

function toItem(event: HistoryEvent, scheduled: ReadonlyMap<number, Schedule>, options: HistoryOptions) {
  const hidden = new Set([...INNER, ...(LEFT_OUT.get(event.EventType) ?? [])]);
  if (!options.showInput) hidden.add("Input");
  if (!options.showHistoryOutput) hidden.add("Result");
  const shown = Object.entries(event).filter(([name]) => !hidden.has(name));
  const item: Record<string, unknown> = {
    EventType: NAMES.get(event.EventType),
    ...Object.fromEntries(shown),
  };
  if (typeof item.Result === "string") item.Result = parsed(item.Result);
  if (event.EventType === EventType.ExecutionStarted) item.FunctionName = event.Name;
  if (event.EventType === EventType.ExecutionCompleted) {
    item.OrchestrationStatus = STATUS_NAMES[event.OrchestrationStatus];
  }
  const start = "TaskScheduledId" in event ? scheduled.get(event.TaskScheduledId) : undefined;
  if (start) Object.assign(item, { ScheduledTime: start.Timestamp, FunctionName: start.Name });
  const schedule = isSchedule(event) ? event : start;
  if (schedule && options.showInput) item.Input = options.hasTaskInputs ? schedule.Input : null;
  return item;
}

const NAMES = new Map<number, string>(Object.entries(EventType).map(([name, code]) => [code, name]));

/** JSON as its value, any other text as it is. */
export function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
