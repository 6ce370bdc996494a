/** Takes a failed instance back to before its failures, so that only those steps run again. */
import type { Engine } from "./engine.ts";
import { EventType, type HistoryEvent, type ParentInstance, STATUS_NAMES, Status } from "./history.ts";
import { newId } from "./ids.ts";
import { RefusedError } from "./responses.ts";

/** @throws {RefusedError} 404 for an unknown id, 412 for an instance that has not failed */
export function rewind(engine: Engine, id: string, reason: string): void {
  const instance = engine.instance(id);
  if (!instance) throw new RefusedError(404, `No instance with ID '${id}' found.`);
  if (instance.row.status !== Status.Failed) {
    const found = STATUS_NAMES[instance.row.status];
    throw new RefusedError(412, `Only failed instances can be rewound: '${id}' is ${found}.`);
  }
  rewindFailed(engine, id, reason, instance.row.parent);
}

function rewindFailed(engine: Engine, id: string, reason: string, parent: ParentInstance | null): boolean {
  const instance = engine.instance(id);
  if (instance?.row.status !== Status.Failed) return false;
  const executionId = newId();
  const here = { InstanceId: id, ExecutionId: executionId };
  const children = failedChildren(instance.history);
  // the new execution is in place before a child could answer it
  instance.row = { ...instance.row, executionId, parent, status: Status.Running, output: null };
  engine.adopt(instance);
  const dropped = new Set(failedTasks(instance.history));
  for (const [taskId, childId] of children) {
    const as = { Name: instance.row.name, OrchestrationInstance: here, TaskScheduleId: taskId };
    if (!rewindFailed(engine, childId, reason, as)) dropped.add(taskId);
  }
  const history = withoutFailures(instance.history, dropped).map(
    (event): HistoryEvent =>
      event.EventType === EventType.ExecutionStarted ? { ...event, OrchestrationInstance: here } : event,
  );
  engine.store.clearHistory(id);
  engine.store.appendHistory(id, JSON.stringify(history));
  instance.reset(history);
  engine.send(id, { EventType: EventType.ExecutionRewound, EventId: -1, Reason: reason }, executionId);
  return true;
}

function failedTasks(history: readonly HistoryEvent[]): number[] {
  return history.flatMap((event) =>
    event.EventType === EventType.TaskFailed ? [event.TaskScheduledId] : [],
  );
}

/** Ids of the children that failed, by task number. */
function failedChildren(history: readonly HistoryEvent[]): Map<number, string> {
  const failed = new Set(
    history.flatMap((event) =>
      event.EventType === EventType.SubOrchestrationInstanceFailed ? [event.TaskScheduledId] : [],
    ),
  );
  return new Map(
    history.flatMap((event): [number, string][] =>
      event.EventType === EventType.SubOrchestrationInstanceCreated && failed.has(event.EventId)
        ? [[event.EventId, event.InstanceId]]
        : [],
    ),
  );
}

/** @param dropped - numbers of the tasks to forget; the timer after each is the wait for its next attempt */
function withoutFailures(history: readonly HistoryEvent[], dropped: ReadonlySet<number>): HistoryEvent[] {
  const isRetryTimer = (id: number) => dropped.has(id - 1);
  return history.filter((event) => {
    switch (event.EventType) {
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
        return !dropped.has(event.EventId);
      case EventType.TimerCreated:
        return !isRetryTimer(event.EventId);
      case EventType.TimerFired:
        return !isRetryTimer(event.TimerId);
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
      case EventType.ExecutionCompleted:
        return false;
      default:
        return true;
    }
  });
}
