/** How a child's end reaches the orchestration that waits for it. */
import type { Engine } from "./engine.ts";
import { EventType, type FailureDetails, Status, type StatusCode } from "./history.ts";
import type { Instance } from "./instance.ts";

export interface Ending {
  readonly status: StatusCode;
  readonly output: string | null;
  readonly details?: FailureDetails;
}

/** A parent that has moved on to another execution hears nothing. */
export function tellParent(engine: Engine, child: Instance, { status, output, details }: Ending): void {
  const { parent, name } = child.row;
  if (!parent) return;
  const { OrchestrationInstance: to, TaskScheduleId: TaskScheduledId } = parent;
  if (status === Status.Completed) {
    const EventId = -1 as const;
    const event = {
      EventType: EventType.SubOrchestrationInstanceCompleted,
      EventId,
      TaskScheduledId,
      Result: output,
    };
    engine.send(to.InstanceId, event, to.ExecutionId);
    return;
  }
  const opening = `Orchestrator function '${name}' failed: `;
  const text = output ?? "";
  const said = status === Status.Terminated ? `terminated: ${text}` : text;
  const Reason = said.startsWith(opening) ? said : `${opening}${said}`;
  const failure = { TaskScheduledId, Reason, Details: text, ...(details ? { FailureDetails: details } : {}) };
  engine.send(
    to.InstanceId,
    { EventType: EventType.SubOrchestrationInstanceFailed, EventId: -1, ...failure },
    to.ExecutionId,
  );
}
