import { type OrchestrationContext, RetryOptions, type Task } from "durable-functions";
import type * as z from "zod";
import type { Services } from "../shared/services.ts";

/** One step that touches the world: safe to repeat, typed on both sides. */
export interface Activity<I, O> {
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
  /** The step in words, for the operator's timeline. */
  readonly title: (input: I) => string;
  readonly run: (input: I, services: Services) => Promise<O>;
}

export interface Orchestration<I, O> {
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
  readonly run: (context: OrchestrationContext, input: I) => Steps<O>;
}

/** The body of an orchestrator, or a part of it: it yields durable tasks and returns `O`. */
export type Steps<O> = Generator<Task, O, unknown>;

export function activity<I, O>(
  name: string,
  input: z.ZodType<I>,
  output: z.ZodType<O>,
  title: (input: I) => string,
  run: (input: I, services: Services) => Promise<O>,
): Activity<I, O> {
  return { name, input, output, title, run };
}

export function orchestration<I, O>(
  name: string,
  input: z.ZodType<I>,
  output: z.ZodType<O>,
  run: (context: OrchestrationContext, input: I) => Steps<O>,
): Orchestration<I, O> {
  return { name, input, output, run };
}

/** The runtime treats every throw alike, so a refusal is a returned value and each throw is worth these attempts. */
function retryPolicy(): RetryOptions {
  const options = new RetryOptions(2_000, 5);
  options.backoffCoefficient = 2;
  options.maxRetryIntervalInMilliseconds = 60_000;
  return options;
}

/** Runs an activity to its typed answer. Not to be raced: a retry takes further ids, and a cancelled race loses them. */
export function* call<I, O>(
  context: OrchestrationContext,
  step: Activity<I, O>,
  input: NoInfer<I>,
): Steps<O> {
  const answer = yield context.df.callActivityWithRetry(step.name, retryPolicy(), input);
  return step.output.parse(answer);
}

/** Runs a child to its typed answer. The id must be new: one that is alive is rejected or queued, by backend. */
export function* callSub<I, O>(
  context: OrchestrationContext,
  child: Orchestration<I, O>,
  input: NoInfer<I>,
  instanceId: string,
): Steps<O> {
  const answer = yield context.df.callSubOrchestrator(child.name, input, instanceId);
  return child.output.parse(answer);
}

/** Runs children side by side. Children that may fail answer with their failure, so that all of them settle. */
export function* callSubs<I, O>(
  context: OrchestrationContext,
  children: readonly { orchestration: Orchestration<I, O>; input: I; instanceId: string }[],
): Steps<O[]> {
  const tasks = children.map((child) =>
    context.df.callSubOrchestrator(child.orchestration.name, child.input, child.instanceId),
  );
  const answers = yield context.df.Task.all(tasks);
  return (Array.isArray(answers) ? answers : []).flatMap((answer, index) => {
    const child = children[index];
    return child ? [child.orchestration.output.parse(answer)] : [];
  });
}

/**
 * Longest single timer. The platform cuts timers of over six days into slices of its own, and measures them from the
 * time of the last race when it replays: after a race that was won late, a timer may come out wrong. Two days can not.
 */
const LONGEST_TIMER_MS = 2 * 24 * 60 * 60 * 1000;

const after = (context: OrchestrationContext, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

/** The end of the next slice on the way to `deadline`. */
function nextSlice(context: OrchestrationContext, deadline: Date): Date {
  const slice = after(context, LONGEST_TIMER_MS);
  return slice < deadline ? slice : deadline;
}

/** Waits until a moment, however far away. */
export function* sleepUntil(context: OrchestrationContext, deadline: Date): Steps<void> {
  while (context.df.currentUtcDateTime < deadline) yield context.df.createTimer(nextSlice(context, deadline));
}

export function* sleep(context: OrchestrationContext, ms: number): Steps<void> {
  yield* sleepUntil(context, after(context, ms));
}

/** Waits for an event until a deadline: what it carries, or null when it did not come. */
export function* eventBefore(
  context: OrchestrationContext,
  name: string,
  deadline: Date,
): Steps<{ data: unknown } | null> {
  while (context.df.currentUtcDateTime < deadline) {
    const event = context.df.waitForExternalEvent(name);
    const timer = context.df.createTimer(nextSlice(context, deadline));
    const first = yield context.df.Task.any([event, timer]);
    if (first === event) {
      timer.cancel();
      return { data: event.result };
    }
  }
  return null;
}

/**
 * Asks a step again and again until its answer will do: soon at first, then in pauses that double up to the longest.
 *
 * @param how.wakeOn - name of an event that ends a pause early
 * @returns the last answer, whether it will do or the time was up
 */
export function* poll<I, O>(
  context: OrchestrationContext,
  step: Activity<I, O>,
  input: NoInfer<I>,
  how: {
    isDone: (answer: O) => boolean;
    firstMs: number;
    longestMs: number;
    timeoutMs: number;
    wakeOn?: string;
  },
): Steps<O> {
  const deadline = after(context, how.timeoutMs);
  for (let pauseMs = how.firstMs; ; pauseMs = Math.min(pauseMs * 2, how.longestMs)) {
    const answer = yield* call(context, step, input);
    if (how.isDone(answer) || context.df.currentUtcDateTime >= deadline) return answer;
    const next = after(context, pauseMs);
    if (how.wakeOn) yield* eventBefore(context, how.wakeOn, next);
    else yield* sleepUntil(context, next);
  }
}
