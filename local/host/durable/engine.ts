/**
 * The heart of the extension: which instances exist, what waits for them, and one run at a time for each.
 *
 * Memory is the truth while the engine runs, and the store follows within the same turn of the event loop. Runs of
 * orchestrators have no effects, so they may precede that commit; tasks and answers to clients wait for it.
 */
import type { Clock } from "../../clock.ts";
import type { FunctionDefinition, FunctionInvoker, HostLog } from "../contract.ts";
import { Gate } from "../gate.ts";
import type { DurableConfig } from "./config.ts";
import { DueQueue } from "./due-queue.ts";
import { EndListeners } from "./end-listeners.ts";
import { runEntityBatch } from "./entities.ts";
import { runEpisode } from "./episode.ts";
import { FunctionIndex, type TriggerType } from "./function-index.ts";
import { EventType, type IncomingEvent, isFinal, type ParentInstance, Status } from "./history.ts";
import { HotInstances } from "./hot-instances.ts";
import { LOG_CATEGORY, newId } from "./ids.ts";
import { Instance } from "./instance.ts";
import type { EventMessage, TaskMessage } from "./messages.ts";
import type { Store } from "./store.ts";
import { runTask } from "./tasks.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly config: DurableConfig;
  readonly clock: Clock;
  readonly invoker: FunctionInvoker;
  readonly log: HostLog;
  readonly strict: boolean;
}

export interface NewInstance {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** JSON text. */
  readonly input: string | null;
  readonly parent?: ParentInstance;
}

/** A run that broke off without an answer (worker lost, result unreadable) is tried again after this long. */
const ABANDONED_RETRY_MS = 5_000;

export class Engine {
  readonly store: Store;
  readonly config: DurableConfig;
  readonly clock: Clock;
  readonly invoker: FunctionInvoker;
  readonly log: HostLog;
  readonly strict: boolean;
  readonly #instances: HotInstances;
  readonly #functions: FunctionIndex;
  readonly #timers: DueQueue;
  readonly #gates: Record<TriggerType, Gate>;
  readonly #ends: EndListeners;
  #idleWaiters: (() => void)[] = [];
  #nextMessageId = 1;
  /** Runs that have begun or stand in line, tasks included. */
  #inFlight = 0;
  #running = 0;
  #isStopping = false;

  constructor(options: EngineOptions) {
    this.store = options.store;
    this.config = options.config;
    this.clock = options.clock;
    this.invoker = options.invoker;
    this.log = options.log;
    this.strict = options.strict;
    this.#instances = new HotInstances(this.store);
    this.#ends = new EndListeners(this.clock);
    this.#functions = new FunctionIndex(this.invoker);
    this.#timers = new DueQueue(this.clock, (message) => this.#deliver(message));
    this.#gates = {
      orchestrationTrigger: new Gate(this.config.maxConcurrentOrchestratorFunctions),
      activityTrigger: new Gate(this.config.maxConcurrentActivityFunctions),
      entityTrigger: new Gate(this.config.maxConcurrentEntityFunctions),
    };
  }

  /** Takes up what the file holds: tasks not answered, events not heard, timers overdue first. */
  recover(): void {
    const messages = this.store.messages();
    this.#nextMessageId = (messages.at(-1)?.id ?? 0) + 1;
    const events = messages.filter((message) => message.kind === "event");
    const isStart = ({ event }: EventMessage) => event.EventType === EventType.ExecutionStarted;
    // a start stands before whatever arrived for the instance, and timers keep their order of falling due
    events.sort((a, b) => Number(isStart(b)) - Number(isStart(a)) || a.dueAt - b.dueAt || a.id - b.id);
    for (const message of events) {
      if (message.dueAt > this.clock.now()) this.#timers.add(message);
      else this.#instances.get(message.target)?.inbox.push(message);
    }
    for (const message of messages) if (message.kind === "task") this.#startTask(message);
    for (const instance of this.#instances.all()) this.#wake(instance);
  }

  /** Begins nothing new until it goes on; what has begun ends, and what it answers is kept. Clients are still served. */
  pause(): void {
    for (const gate of Object.values(this.#gates)) gate.hold();
  }

  goOn(): void {
    for (const gate of Object.values(this.#gates)) gate.release();
  }

  /** Stops new runs and waits for those that have begun. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#timers.stop();
    for (const gate of Object.values(this.#gates)) gate.clear();
    while (this.#running > 0) await this.#nextChange();
  }

  /** Settles when nothing runs and nothing but timers is left to wait for. */
  async idle(): Promise<void> {
    while (this.#inFlight > 0) await this.#nextChange();
    await this.store.committed();
  }

  /** The app's function of that kind; names compare in any case. */
  functionOf(type: TriggerType, name: string): FunctionDefinition | undefined {
    return this.#functions.find(type, name);
  }

  /** The instance, from memory or the store. */
  instance(id: string): Instance | undefined {
    return this.#instances.get(id);
  }

  /** Whether it has neither been replaced nor removed. */
  isCurrent(instance: Instance): boolean {
    return this.#instances.peek(instance.row.id) === instance;
  }

  /** Creates an instance, or replaces an ended one of the same id, and lets it start. */
  startInstance(start: NewInstance): Instance {
    const executionId = newId();
    const now = this.clock.now();
    const instance = new Instance({
      id: start.id,
      name: start.name,
      version: start.version,
      executionId,
      status: Status.Pending,
      input: start.input,
      output: null,
      customStatus: null,
      createdAt: now,
      updatedAt: now,
      parent: start.parent ?? null,
    });
    this.adopt(instance);
    this.store.clearHistory(start.id);
    this.sendStart(instance, []);
    return instance;
  }

  /** Sends an instance its opening event; `carried` follow it in the same episode. */
  sendStart(instance: Instance, carried: readonly IncomingEvent[]): void {
    const { id, name, version, executionId, input, parent } = instance.row;
    const event: IncomingEvent = {
      EventType: EventType.ExecutionStarted,
      EventId: -1,
      Name: name,
      Version: version,
      Input: input,
      OrchestrationInstance: { InstanceId: id, ExecutionId: executionId },
      ...(parent ? { ParentInstance: parent } : {}),
    };
    const message = this.#newMessage(id, event, executionId, 0, carried);
    instance.inbox.unshift(message);
    this.#wake(instance);
  }

  /** Puts an instance in the place of whatever had its id. */
  adopt(instance: Instance): void {
    for (const message of this.#instances.peek(instance.row.id)?.inbox ?? [])
      this.store.removeMessage(message.id);
    this.#instances.put(instance);
    this.store.putInstance(instance.row);
  }

  forget(id: string): void {
    for (const message of this.#instances.peek(id)?.inbox ?? []) this.store.removeMessage(message.id);
    this.#instances.delete(id);
    this.store.deleteInstance(id);
  }

  /**
   * Sends an event to an instance.
   *
   * @param executionId - the generation that it is meant for, `null` for whichever runs
   * @param dueAt - ms since the epoch, 0 for at once
   */
  send(target: string, event: IncomingEvent, executionId: string | null = null, dueAt = 0): void {
    const message = this.#newMessage(target, event, executionId, dueAt);
    if (dueAt > this.clock.now()) this.#timers.add(message);
    else this.#deliver(message);
  }

  addTask(task: Omit<TaskMessage, "kind" | "id">): void {
    const message: TaskMessage = { kind: "task", id: this.#nextMessageId++, ...task };
    this.store.addMessage(message);
    this.#startTask(message);
  }

  /** Takes events out of an instance's inbox for good. */
  consume(instance: Instance, batch: readonly EventMessage[]): void {
    for (const message of batch) this.store.removeMessage(message.id);
    const taken = new Set(batch);
    instance.inbox = instance.inbox.filter((message) => !taken.has(message));
  }

  /** Settles when the instance has ended, or after `timeoutMs`. */
  async whenEnded(id: string, timeoutMs: number): Promise<void> {
    const isOver = () => {
      const instance = this.#instances.get(id);
      return !instance || isFinal(instance.row.status);
    };
    await this.#ends.wait(id, timeoutMs, isOver);
  }

  #newMessage(
    target: string,
    event: IncomingEvent,
    executionId: string | null,
    dueAt: number,
    carried: readonly IncomingEvent[] = [],
  ): EventMessage {
    const message: EventMessage = {
      kind: "event",
      id: this.#nextMessageId++,
      target,
      executionId,
      dueAt,
      sentAt: new Date(this.clock.now()).toISOString(),
      event,
      ...(carried.length > 0 ? { carried } : {}),
    };
    this.store.addMessage(message);
    return message;
  }

  #deliver(message: EventMessage): void {
    const instance = this.#instances.get(message.target);
    if (!instance) {
      this.store.removeMessage(message.id);
      return;
    }
    instance.inbox.push(message);
    this.#wake(instance);
  }

  #wake(instance: Instance): void {
    if (instance.isBusy || this.#isStopping || !this.isCurrent(instance)) return;
    this.#dropStale(instance);
    if (instance.nextBatch().length === 0) {
      this.#rest(instance);
      return;
    }
    instance.isBusy = true;
    this.#inFlight += 1;
    this.#gates[instance.isEntity ? "entityTrigger" : "orchestrationTrigger"].enter(() =>
      this.#run(instance),
    );
  }

  async #run(instance: Instance): Promise<void> {
    this.#running += 1;
    let mayGoOn = true;
    try {
      mayGoOn = await (instance.isEntity ? runEntityBatch(this, instance) : runEpisode(this, instance));
    } catch (error) {
      mayGoOn = false;
      this.log(
        "error",
        LOG_CATEGORY,
        `A run of instance '${instance.row.id}' was abandoned and will be repeated: ${error}`,
      );
      this.clock.after(ABANDONED_RETRY_MS, () => this.#wake(instance));
    }
    instance.isBusy = false;
    this.#running -= 1;
    if (mayGoOn) this.#wake(instance);
    this.#inFlight -= 1;
    this.#changed();
  }

  #startTask(message: TaskMessage): void {
    this.#inFlight += 1;
    const work = async () => {
      this.#running += 1;
      await runTask(this, message);
      this.#running -= 1;
      this.#finishTask();
    };
    // never before its scheduling is on the disk: what has effects happens only after the decision is kept
    this.store.committed().then(
      () => (this.#isStopping ? this.#finishTask() : this.#gates.activityTrigger.enter(work)),
      (error) => {
        this.log(
          "critical",
          LOG_CATEGORY,
          `The durable store does not take writes: ${error}. Tasks wait for it.`,
        );
        this.clock.after(ABANDONED_RETRY_MS, () => this.#startTask(message));
        this.#finishTask();
      },
    );
  }

  #finishTask(): void {
    this.#inFlight -= 1;
    this.#changed();
  }

  /** Events for an ended instance or an earlier generation reach nobody. */
  #dropStale(instance: Instance): void {
    const { status, executionId } = instance.row;
    const stale = instance.inbox.filter(
      ({ event, executionId: meant }) =>
        (isFinal(status) && event.EventType !== EventType.ExecutionRewound) ||
        (meant !== null && meant !== executionId && !instance.isEntity),
    );
    if (stale.length > 0) this.consume(instance, stale);
  }

  #rest(instance: Instance): void {
    const { id, status } = instance.row;
    if (!isFinal(status)) return;
    this.#instances.delete(id);
    this.#ends.tell(id);
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #changed(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
