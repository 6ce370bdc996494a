import type { OrchestrationContext } from "durable-functions";
import type * as z from "zod";
import { durationMs } from "../../shared/duration.ts";
import type { JobTemplate } from "../../shared/policy/schema.ts";
import { call, poll, type Steps } from "../durable.ts";
import { readJob, submitJob } from "./job-activities.ts";

/** Name of the event that says that something happened to a job. What happened is read from the job itself. */
export const JOB_EVENT = "job";

/** Events get lost, so the job is also looked at: soon at first, then ever more rarely. */
const FIRST_LOOK_MS = 15_000;
const LONGEST_PAUSE_MS = 300_000;
/** A queue may hold a job back; the template's own timeout counts from its start. */
const QUEUE_ALLOWANCE_MS = 3_600_000;

/** Submits a job and waits until it has ended, by its event or by looking. */
export function* runJob(
  context: OrchestrationContext,
  job: string,
  operation: string,
  template: JobTemplate,
  properties: Record<string, z.core.util.JSONType>,
): Steps<{ status: string; isCompleted: boolean }> {
  yield* call(context, submitJob, { operation, waiter: context.df.instanceId, job, properties });
  return yield* poll(
    context,
    readJob,
    { job },
    {
      isDone: ({ isTerminal }) => isTerminal,
      firstMs: FIRST_LOOK_MS,
      longestMs: LONGEST_PAUSE_MS,
      timeoutMs: durationMs(template.timeout) + QUEUE_ALLOWANCE_MS,
      wakeOn: JOB_EVENT,
    },
  );
}
