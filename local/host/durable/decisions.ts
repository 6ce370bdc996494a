/** What each decision of an orchestrator sets going. */
import type { Engine } from "./engine.ts";
import { sendToEntity } from "./entity-delivery.ts";
import {
  type Decision,
  EventType,
  isFinal,
  type ParentInstance,
  type SubOrchestrationInstanceCreated,
} from "./history.ts";
import type { Instance } from "./instance.ts";

/** Sends the messages of one decision, which the history already holds. */
export function emit(engine: Engine, instance: Instance, decision: Decision): void {
  const { id, executionId } = instance.row;
  switch (decision.EventType) {
    case EventType.TaskScheduled:
      engine.addTask({
        instanceId: id,
        executionId,
        taskId: decision.EventId,
        name: decision.Name,
        input: decision.Input,
      });
      return;
    case EventType.TimerCreated: {
      const { EventId, FireAt } = decision;
      const fired = { EventType: EventType.TimerFired, EventId: -1, TimerId: EventId, FireAt } as const;
      engine.send(id, fired, executionId, Math.max(1, Date.parse(FireAt)));
      return;
    }
    case EventType.EventSent:
      sendToEntity(engine, decision.InstanceId, decision.Name, decision.Input);
      return;
    default:
      startChild(engine, instance, decision);
  }
}

/** A child under the id of a live instance is refused: the parent sees a failure instead of a wait without end. */
function startChild(engine: Engine, parent: Instance, decision: SubOrchestrationInstanceCreated): void {
  const { id, executionId, name } = parent.row;
  const existing = engine.instance(decision.InstanceId);
  if (existing && !isFinal(existing.row.status)) {
    const Reason = `Orchestrator function '${decision.Name}' failed: an instance with the id '${decision.InstanceId}' is already running.`;
    const refusal = { TaskScheduledId: decision.EventId, Reason, Details: "" };
    engine.send(
      id,
      { EventType: EventType.SubOrchestrationInstanceFailed, EventId: -1, ...refusal },
      executionId,
    );
    return;
  }
  const parentInstance: ParentInstance = {
    Name: name,
    OrchestrationInstance: { InstanceId: id, ExecutionId: executionId },
    TaskScheduleId: decision.EventId,
  };
  const { InstanceId, Name, Version, Input } = decision;
  engine.startInstance({
    id: InstanceId,
    name: Name,
    version: Version,
    input: Input,
    parent: parentInstance,
  });
}
