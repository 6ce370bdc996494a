/** One replay's running state: task numbers, open tasks, waiters and buffered events, and how each action uses them. */
import {
  type Action,
  ActionType,
  type CallActivity,
  type CallHttp,
  type CallSubOrchestrator,
  type Compound,
  type ContinueAsNew,
  type CreateTimer,
  type EntityRequest,
  type LockEntities,
  type RetryOptions,
  toText,
} from "./actions.ts";
import { entityId, entityInput, lockInput, releaseInput, requestId } from "./entity-messages.ts";
import { EventMailbox } from "./event-mailbox.ts";
import {
  type Decision,
  type EventRaised,
  EventType,
  type HistoryEvent,
  type SubOrchestrationInstanceFailed,
  type TaskFailed,
} from "./history.ts";
import { HTTP_ACTIVITY, httpResponse, nextPoll } from "./http-polling.ts";
import { describeMismatch } from "./non-determinism.ts";
import { allSettled, anySettled, Deferred, type Routine, run, wait } from "./routine.ts";

/** What the host knows besides history and actions. */
export interface ReplaySettings {
  readonly instanceId: string;
  readonly executionId: string;
  readonly parentInstanceId: string | null;
  readonly defaultVersion: string;
  readonly maximumShortTimerMs: number;
  readonly longTimerSliceMs: number;
  readonly defaultHttpSleepMs: number;
  readonly maxOrchestrationActions: number;
  /** Whether the app registered a function of this kind under this name. */
  isKnown(kind: "orchestrationTrigger" | "activityTrigger" | "entityTrigger", name: string): boolean;
}

/** The code asked for other steps than the history holds. */
export class NonDeterminismError extends Error {
  override name = "NonDeterminismError";
}

/** A call that the host refuses before it takes a number: the app waits for its answer forever. */
export class UnanswerableCallError extends Error {
  override name = "UnanswerableCallError";
}

/** A task's failure as the history tells it. */
class StepFailure extends Error {
  override name = "StepFailure";
  readonly isNonRetriable: boolean;

  constructor(event: TaskFailed | SubOrchestrationInstanceFailed) {
    super(event.Reason);
    this.isNonRetriable = event.FailureDetails?.IsNonRetriable === true;
  }
}

const MAX_RETRY_INTERVAL_MS = 6 * 24 * 3_600_000;

export class Interpreter {
  /** Tasks that hold back the end of the execution, by number. */
  readonly open = new Map<number, { readonly task: Deferred<unknown>; readonly what: Decision }>();
  readonly mailbox = new EventMailbox();
  /** Events after continueAsNew: the next generation gets them. */
  readonly carried: EventRaised[] = [];
  /** Calls that never answer, and other things worth a word to the developer. */
  readonly refusals: UnanswerableCallError[] = [];
  /** Tasks asked for again in a compound while the first asking is still open. */
  readonly repeats: string[] = [];
  /** Timers that this side cuts into slices: their number and due time. */
  readonly sliced: { readonly id: number; readonly fireAt: number }[] = [];
  /** Why the whole execution must fail at once. */
  fatal: string | undefined;
  continued: ContinueAsNew | undefined;
  /** The replayed time, ms since the epoch. */
  now = 0;
  readonly #settings: ReplaySettings;
  readonly #pending = new Map<number, Decision>();
  readonly #requests = new Map<number, Deferred<unknown>>();
  #heldLocks: readonly { readonly name: string; readonly key: string }[] = [];
  #heldBy = "";
  #nextId = 0;

  constructor(settings: ReplaySettings) {
    this.#settings = settings;
  }

  /** Takes the next event of the history. @throws {NonDeterminismError} when it does not fit the actions */
  feed(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.now = Date.parse(event.Timestamp);
        return;
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
      case EventType.TimerCreated:
      case EventType.EventSent:
        this.#match(event);
        return;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.#settle(event.TaskScheduledId, (task) => task.resolve(event.Result));
        return;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        this.#settle(event.TaskScheduledId, (task) => task.reject(new StepFailure(event)));
        return;
      case EventType.TimerFired:
        this.#settle(event.TimerId, (task) => task.resolve(null));
        return;
      case EventType.EventRaised:
        if (this.continued) this.carried.push(event);
        else this.mailbox.deliver(event);
        return;
      default:
        return;
    }
  }

  /** Decisions that the history does not hold yet, in ascending number. */
  decisions(): Decision[] {
    return [...this.#pending.values()].sort((a, b) => a.EventId - b.EventId);
  }

  /** Performs one action; a call that the host refuses is a failed task. */
  perform(action: Action): Deferred<unknown> {
    return run(this.#interpret(action));
  }

  /** Gives back the locks that the code still holds at its end. */
  releaseLocks(): void {
    for (const entity of this.#heldLocks) {
      const input = releaseInput(this.#settings.instanceId, this.#heldBy);
      this.#send(entityId(entity.name, entity.key), "release", input);
    }
    this.#heldLocks = [];
  }

  *#interpret(action: Action): Routine<unknown> {
    switch (action.actionType) {
      case ActionType.CallActivity:
        return yield* this.#callActivity(action);
      case ActionType.CallActivityWithRetry:
        return yield* this.#retry(action.retryOptions, () => run(this.#callActivity(action)));
      case ActionType.CallSubOrchestrator:
        return yield* this.#callSubOrchestrator(action);
      case ActionType.CallSubOrchestratorWithRetry:
        return yield* this.#retry(action.retryOptions, () => run(this.#callSubOrchestrator(action)));
      case ActionType.ContinueAsNew:
        this.continued = action;
        return null;
      case ActionType.CreateTimer:
        return yield* this.#createTimer(action);
      case ActionType.WaitForExternalEvent:
        return yield* wait(this.mailbox.wait(action.externalEventName));
      case ActionType.CallHttp:
        return yield* this.#callHttp(action);
      case ActionType.CallEntity:
        return yield* this.#callEntity(action);
      case ActionType.SignalEntity:
      case ActionType.ScheduledSignalEntity:
        return this.#signalEntity(action);
      case ActionType.LockEntities:
        return yield* this.#lock(action);
      case ActionType.ReleaseEntities:
        return this.releaseLocks();
      default:
        return yield* this.#compound(action);
    }
  }

  *#compound(action: Compound): Routine<void> {
    const before = [...this.open.values()].map((entry) => contentOf(entry.what));
    const firstNew = this.#nextId;
    const tasks = action.compoundActions.map((child) => this.perform(child));
    if (before.length > 0) this.#noteRepeats(new Set(before), firstNew);
    yield* wait(action.actionType === ActionType.WhenAll ? allSettled(tasks) : anySettled(tasks));
  }

  *#callActivity(action: CallActivity): Routine<unknown> {
    this.#refuseUnless(
      this.#settings.isKnown("activityTrigger", action.functionName),
      `the activity '${action.functionName}' is not registered`,
    );
    return yield* wait(this.#scheduleTask(action.functionName, action.input));
  }

  *#callSubOrchestrator(action: CallSubOrchestrator): Routine<unknown> {
    const { instanceId, executionId, parentInstanceId, defaultVersion } = this.#settings;
    this.#refuseUnless(
      this.#settings.isKnown("orchestrationTrigger", action.functionName),
      `the orchestrator '${action.functionName}' is not registered`,
    );
    const asked = action.instanceId;
    this.#refuseUnless(
      !asked || (asked !== instanceId && asked !== parentInstanceId && !asked.startsWith("@")),
      `the sub-orchestration id '${asked}' is the instance's own or its parent's, or begins with '@'`,
    );
    const id = this.#nextId++;
    const task = this.#openTask({
      EventType: EventType.SubOrchestrationInstanceCreated,
      EventId: id,
      Name: action.functionName,
      Version: action.version ?? defaultVersion,
      InstanceId: asked || `${executionId}:${id}`,
      Input: toText(action.input),
    });
    return yield* wait(task);
  }

  *#retry(options: RetryOptions | undefined, attempt: () => Deferred<unknown>): Routine<unknown> {
    const first = options?.firstRetryIntervalInMilliseconds ?? 0;
    this.#refuseUnless(
      first <= MAX_RETRY_INTERVAL_MS,
      `a first retry interval of ${first} ms is over six days`,
    );
    const attempts = options?.maxNumberOfAttempts ?? 1;
    const startedAt = this.now;
    for (let made = 1; ; made += 1) {
      try {
        return yield* wait(attempt());
      } catch (error) {
        if (!(error instanceof StepFailure) || error.isNonRetriable) throw error;
        if (made >= attempts) {
          // serves nothing but the numbering, which the app's package keeps the same way
          yield* wait(this.#scheduleTimer(this.now));
          throw error;
        }
        if (isOverdue(options, this.now - startedAt)) throw error;
        yield* wait(this.#scheduleTimer(this.now + backoffMs(options, made)));
      }
    }
  }

  *#createTimer(action: CreateTimer): Routine<unknown> {
    const fireAt = Date.parse(action.fireAt);
    const { maximumShortTimerMs, longTimerSliceMs } = this.#settings;
    if (fireAt - this.now <= maximumShortTimerMs) {
      return yield* wait(this.#scheduleTimer(fireAt, action.isCanceled));
    }
    this.sliced.push({ id: this.#nextId, fireAt });
    for (let next = this.now + longTimerSliceMs; ; ) {
      yield* wait(this.#scheduleTimer(next, action.isCanceled));
      // a cancelled timer creates no further slice
      if (action.isCanceled || this.now >= fireAt) return null;
      next = fireAt - this.now >= longTimerSliceMs ? this.now + longTimerSliceMs : fireAt;
    }
  }

  *#callHttp(action: CallHttp): Routine<unknown> {
    let request = action.httpRequest;
    for (;;) {
      const response = httpResponse(yield* wait(this.#scheduleTask(HTTP_ACTIVITY, request)));
      const poll = nextPoll(request, response, this.#settings.defaultHttpSleepMs);
      if (!poll) return response;
      yield* wait(this.#scheduleTimer(this.now + poll.delayMs));
      request = poll.request;
    }
  }

  *#callEntity(action: EntityRequest): Routine<unknown> {
    this.#refuseUnlessEntity(action.instanceId);
    const request = requestId(this.#settings.executionId, this.#nextId);
    const id = this.#send(action.instanceId, "op", entityInput(this.#settings, action, request));
    return yield* wait(this.#answerTo(id));
  }

  #signalEntity(action: EntityRequest): null {
    try {
      this.#refuseUnlessEntity(action.instanceId);
    } catch (error) {
      this.fatal = `Cannot signal '${action.instanceId}': ${error instanceof Error ? error.message : error}.`;
      throw error;
    }
    const request = requestId(this.#settings.executionId, this.#nextId);
    const name = action.fireAt ? `op@${action.fireAt}` : "op";
    this.#send(action.instanceId, name, entityInput(this.#settings, action, request));
    return null;
  }

  *#lock(action: LockEntities): Routine<unknown> {
    const [first] = action.lockSet;
    if (!first) return null;
    const target = entityId(first.name, first.key);
    const id = this.#send(target, "op", lockInput(this.#settings, action));
    yield* wait(this.#answerTo(id));
    this.#heldLocks = action.lockSet;
    this.#heldBy = action.lockRequestId;
    return null;
  }

  #scheduleTask(name: string, input: unknown): Deferred<unknown> {
    return this.#openTask({
      EventType: EventType.TaskScheduled,
      EventId: this.#nextId++,
      Name: name,
      Version: "",
      Input: JSON.stringify([input ?? null]),
    });
  }

  #scheduleTimer(fireAt: number, isCanceled = false): Deferred<unknown> {
    const id = this.#nextId++;
    const FireAt = new Date(fireAt).toISOString();
    const task = this.#openTask({ EventType: EventType.TimerCreated, EventId: id, FireAt });
    if (isCanceled) {
      this.open.delete(id);
      task.resolve(null);
    }
    return task;
  }

  #openTask(decision: Decision): Deferred<unknown> {
    const task = new Deferred<unknown>();
    this.#pending.set(decision.EventId, decision);
    this.open.set(decision.EventId, { task, what: decision });
    return task;
  }

  #send(target: string, name: string, input: string): number {
    const id = this.#nextId++;
    this.#pending.set(id, {
      EventType: EventType.EventSent,
      EventId: id,
      InstanceId: target,
      Name: name,
      Input: input,
    });
    return id;
  }

  /** The answer comes as an event named after the request id that the history holds. */
  #answerTo(id: number): Deferred<unknown> {
    const answer = new Deferred<unknown>();
    this.#requests.set(id, answer);
    return answer;
  }

  #match(event: Decision): void {
    const expected = this.#pending.get(event.EventId);
    const mismatch = describeMismatch(event, expected);
    if (mismatch) throw new NonDeterminismError(mismatch);
    this.#pending.delete(event.EventId);
    if (event.EventType !== EventType.EventSent) return;
    const answer = this.#requests.get(event.EventId);
    if (answer) this.mailbox.register(String(JSON.parse(event.Input).id), answer);
  }

  #settle(id: number, how: (task: Deferred<unknown>) => void): void {
    const entry = this.open.get(id);
    this.open.delete(id);
    if (entry) how(entry.task);
  }

  #noteRepeats(before: ReadonlySet<string>, firstNew: number): void {
    for (const [id, { what }] of this.open) {
      if (id >= firstNew && before.has(contentOf(what))) this.repeats.push(contentOf(what));
    }
  }

  #refuseUnlessEntity(id: string): void {
    const name = id.slice(1, id.indexOf("@", 1));
    this.#refuseUnless(
      this.#settings.isKnown("entityTrigger", name),
      `the entity '${name}' is not registered`,
    );
  }

  #refuseUnless(isFine: boolean, reason: string): void {
    if (isFine) return;
    const refusal = new UnanswerableCallError(reason);
    this.refusals.push(refusal);
    throw refusal;
  }
}

/** What a decision asks for, its number aside. */
function contentOf(decision: Decision): string {
  if (decision.EventType === EventType.TimerCreated) return `timer due ${decision.FireAt}`;
  return `${decision.Name} with input ${decision.Input}`;
}

function backoffMs(options: RetryOptions | undefined, made: number): number {
  const first = options?.firstRetryIntervalInMilliseconds ?? 0;
  const grown = first * (options?.backoffCoefficient ?? 1) ** (made - 1);
  return Math.min(grown, options?.maxRetryIntervalInMilliseconds ?? MAX_RETRY_INTERVAL_MS);
}

function isOverdue(options: RetryOptions | undefined, elapsedMs: number): boolean {
  const limit = options?.retryTimeoutInMilliseconds;
  return limit !== undefined && elapsedMs >= limit;
}
