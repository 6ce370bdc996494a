/** An instance as its status document. */
import { EventType, type HistoryEvent, isFinal, STATUS_NAMES } from "./history.ts";
import type { InstanceRow } from "./instance-rows.ts";

export interface StatusOptions {
  readonly showInput: boolean;
  readonly showHistoryOutput: boolean;
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

/** The history for readers: each task told once, where it ended, by its name and with the time of its scheduling. */
export function toHistoryItems(history: readonly HistoryEvent[], options: StatusOptions) {
  const scheduled = new Map<number, HistoryEvent>();
  return history.flatMap((event) => {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
      case EventType.OrchestratorCompleted:
        return [];
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
        scheduled.set(event.EventId, event);
        return [];
      default:
        return [toItem(event, scheduled, options)];
    }
  });
}

function toItem(event: HistoryEvent, scheduled: ReadonlyMap<number, HistoryEvent>, options: StatusOptions) {
  const hidden = new Set(["EventType", "EventId", "IsPlayed", "TaskScheduledId", "TimerId"]);
  for (const name of ["OrchestrationInstance", "ParentInstance", "Version", "Tags"]) {
    if (event.EventType === EventType.ExecutionStarted) hidden.add(name);
  }
  if (!options.showInput) hidden.add("Input");
  if (!options.showHistoryOutput) hidden.add("Result");
  const shown = Object.entries(event).filter(([name]) => !hidden.has(name));
  const item: Record<string, unknown> = {
    EventType: NAMES.get(event.EventType),
    ...Object.fromEntries(shown),
  };
  if (typeof item.Input === "string") item.Input = parsed(item.Input);
  if (typeof item.Result === "string") item.Result = parsed(item.Result);
  if (event.EventType === EventType.ExecutionStarted) {
    item.FunctionName = event.Name;
    delete item.Name;
  }
  if (event.EventType === EventType.ExecutionCompleted) {
    item.OrchestrationStatus = STATUS_NAMES[event.OrchestrationStatus];
  }
  const start = "TaskScheduledId" in event ? scheduled.get(event.TaskScheduledId) : undefined;
  if (start && "Name" in start) {
    item.ScheduledTime = start.Timestamp;
    item.FunctionName = start.Name;
    if (options.showInput) item.Input = parsed(start.Input);
  }
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
