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
import {
  type Decision,
  type EventRaised,
  EventType,
  type HistoryEvent,
  type SubOrchestrationInstanceFailed,
  type TaskFailed,
} from "./history.ts";
import { HTTP_ACTIVITY, httpResponse, nextPoll } from "./http-polling.ts";
import { backoffMs, isOverdue, MAX_RETRY_INTERVAL_MS } from "./retry-policy.ts";
import { allSettled, anySettled, type Deferred, type Routine, run, wait } from "./routine.ts";
import { TaskTable } from "./task-table.ts";

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

export class Interpreter {
  readonly tasks = new TaskTable();
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
  #startedAt = new Date(0).toISOString();
  readonly #settings: ReplaySettings;
  #heldLocks: readonly { readonly name: string; readonly key: string }[] = [];
  #heldBy = "";

  constructor(settings: ReplaySettings) {
    this.#settings = settings;
  }

  /** The replayed time, ms since the epoch. Read only when a timer asks: a history may hold thousands of moments. */
  get now(): number {
    return Date.parse(this.#startedAt);
  }

  /** Takes the next event of the history. @throws {NonDeterminismError} when it does not fit the actions */
  feed(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.#startedAt = event.Timestamp;
        return;
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
      case EventType.TimerCreated:
      case EventType.EventSent:
        this.tasks.match(event);
        return;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.tasks.settle(event.TaskScheduledId, (task) => task.resolve(event.Result));
        return;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        this.tasks.settle(event.TaskScheduledId, (task) => task.reject(new StepFailure(event)));
        return;
      case EventType.TimerFired:
        this.tasks.settle(event.TimerId, (task) => task.resolve(null));
        return;
      case EventType.EventRaised:
        if (this.continued) this.carried.push(event);
        else this.tasks.mailbox.deliver(event);
        return;
      default:
        return;
    }
  }

  /** Performs one action; a call that the host refuses is a failed task. */
  perform(action: Action): Deferred<unknown> {
    return run(this.#interpret(action));
  }

  /** Gives back the locks that the code still holds at its end. */
  releaseLocks(): void {
    for (const entity of this.#heldLocks) {
      const input = releaseInput(this.#settings.instanceId, this.#heldBy);
      this.tasks.send(entityId(entity.name, entity.key), "release", input);
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
        return yield* wait(this.tasks.mailbox.wait(action.externalEventName));
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
    const before = [...this.tasks.open.values()].map((entry) => contentOf(entry.what));
    const firstNew = this.tasks.nextId;
    const waitsBefore = this.tasks.mailbox.begun;
    const tasks = action.compoundActions.map((child) => this.perform(child));
    if (before.length > 0) this.#noteRepeats(new Set(before), firstNew);
    const isRace = action.actionType === ActionType.WhenAny;
    const waitsAfter = this.tasks.mailbox.begun;
    yield* wait(isRace ? anySettled(tasks) : allSettled(tasks));
    if (isRace) this.tasks.mailbox.loseRace(waitsBefore, waitsAfter);
  }

  *#callActivity(action: CallActivity): Routine<unknown> {
    this.#refuseUnless(
      this.#settings.isKnown("activityTrigger", action.functionName),
      `the activity '${action.functionName}' is not registered`,
    );
    return yield* wait(this.tasks.scheduleTask(action.functionName, action.input));
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
    const task = this.tasks.openTask((id) => ({
      EventType: EventType.SubOrchestrationInstanceCreated,
      EventId: id,
      Name: action.functionName,
      Version: action.version ?? defaultVersion,
      InstanceId: asked || `${executionId}:${id}`,
      Input: toText(action.input),
    }));
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
          yield* wait(this.tasks.scheduleTimer(this.now));
          throw error;
        }
        if (isOverdue(options, this.now - startedAt)) throw error;
        yield* wait(this.tasks.scheduleTimer(this.now + backoffMs(options, made)));
      }
    }
  }

  *#createTimer(action: CreateTimer): Routine<unknown> {
    const fireAt = Date.parse(action.fireAt);
    const { maximumShortTimerMs, longTimerSliceMs } = this.#settings;
    if (fireAt - this.now <= maximumShortTimerMs) {
      return yield* wait(this.tasks.scheduleTimer(fireAt, action.isCanceled));
    }
    this.sliced.push({ id: this.tasks.nextId, fireAt });
    for (let next = this.now + longTimerSliceMs; ; ) {
      yield* wait(this.tasks.scheduleTimer(next, action.isCanceled));
      // a cancelled timer creates no further slice
      if (action.isCanceled || this.now >= fireAt) return null;
      next = fireAt - this.now >= longTimerSliceMs ? this.now + longTimerSliceMs : fireAt;
    }
  }

  *#callHttp(action: CallHttp): Routine<unknown> {
    let request = action.httpRequest;
    for (;;) {
      const response = httpResponse(yield* wait(this.tasks.scheduleTask(HTTP_ACTIVITY, request)));
      const poll = nextPoll(request, response, this.#settings.defaultHttpSleepMs);
      if (!poll) return response;
      yield* wait(this.tasks.scheduleTimer(this.now + poll.delayMs));
      request = poll.request;
    }
  }

  *#callEntity(action: EntityRequest): Routine<unknown> {
    this.#refuseUnlessEntity(action.instanceId);
    const request = requestId(this.#settings.executionId, this.tasks.nextId);
    const id = this.tasks.send(action.instanceId, "op", entityInput(this.#settings, action, request));
    return yield* wait(this.tasks.answerTo(id));
  }

  #signalEntity(action: EntityRequest): null {
    try {
      this.#refuseUnlessEntity(action.instanceId);
    } catch (error) {
      this.fatal = `Cannot signal '${action.instanceId}': ${error instanceof Error ? error.message : error}.`;
      throw error;
    }
    const request = requestId(this.#settings.executionId, this.tasks.nextId);
    const name = action.fireAt ? `op@${action.fireAt}` : "op";
    this.tasks.send(action.instanceId, name, entityInput(this.#settings, action, request));
    return null;
  }

  *#lock(action: LockEntities): Routine<unknown> {
    const [first] = action.lockSet;
    if (!first) return null;
    const target = entityId(first.name, first.key);
    const id = this.tasks.send(target, "op", lockInput(this.#settings, action));
    yield* wait(this.tasks.answerTo(id));
    this.#heldLocks = action.lockSet;
    this.#heldBy = action.lockRequestId;
    return null;
  }

  #noteRepeats(before: ReadonlySet<string>, firstNew: number): void {
    for (const [id, { what }] of this.tasks.open) {
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
