/** Runs activities and HTTP calls, and tells the instance how they ended. At least once: a crash in between repeats them. */
import type { InvocationOutcome, TypedData } from "../contract.ts";
import type { Engine } from "./engine.ts";
import { EventType, type TaskCompleted, type TaskFailed } from "./history.ts";
import { sendHttpRequest } from "./http-activity.ts";
import { HTTP_ACTIVITY } from "./http-polling.ts";
import { activityData, describeFailure, toJsonText } from "./invocation.ts";
import type { TaskMessage } from "./messages.ts";

/** Typed data with no member set, as null travels: the app sees undefined. */
const NO_DATA: TypedData = JSON.parse("{}");

/** Never rejects. */
export async function runTask(engine: Engine, task: TaskMessage): Promise<void> {
  const event = task.name === HTTP_ACTIVITY ? await callHttp(task) : await callActivity(engine, task);
  engine.store.removeMessage(task.id);
  engine.send(task.instanceId, event, task.executionId);
}

async function callActivity(engine: Engine, task: TaskMessage): Promise<TaskCompleted | TaskFailed> {
  const outcome = await invokeActivity(engine, task);
  if (outcome.succeeded) return completed(task, toJsonText(outcome.returnValue));
  return failed(task, describeFailure(task.name, outcome.message));
}

async function invokeActivity(engine: Engine, task: TaskMessage): Promise<InvocationOutcome> {
  const definition = engine.functionOf("activityTrigger", task.name);
  if (!definition) {
    const message = `The activity '${task.name}' is not registered. Was it renamed while an instance waited for it?`;
    return { succeeded: false, message, stackTrace: "" };
  }
  const data = activityData(task.input);
  try {
    return await engine.invoker.invoke({
      functionName: definition.name,
      reason: `Instance '${task.instanceId}' called the activity.`,
      triggerData: data ?? NO_DATA,
      triggerMetadata: {
        instanceId: { string: task.instanceId },
        ...(data ? { data, [definition.trigger.name]: data } : {}),
      },
    });
  } catch (error) {
    return { succeeded: false, message: `the worker was lost: ${error}`, stackTrace: "" };
  }
}

async function callHttp(task: TaskMessage): Promise<TaskCompleted | TaskFailed> {
  try {
    return completed(task, JSON.stringify(await sendHttpRequest(JSON.parse(task.input)[0])));
  } catch (error) {
    const cause = error instanceof Error && error.cause ? `: ${error.cause}` : "";
    return failed(task, describeFailure(task.name, `${error}${cause}`));
  }
}

function completed(task: TaskMessage, Result: string | null): TaskCompleted {
  return { EventType: EventType.TaskCompleted, EventId: -1, TaskScheduledId: task.taskId, Result };
}

function failed(task: TaskMessage, failure: ReturnType<typeof describeFailure>): TaskFailed {
  return { EventType: EventType.TaskFailed, EventId: -1, TaskScheduledId: task.taskId, ...failure };
}
