/** The numbers of one replay: what was asked for under each, what the history already holds, and what is still open. */
import { EventMailbox } from "./event-mailbox.ts";
import { type Decision, EventType } from "./history.ts";
import { describeMismatch } from "./non-determinism.ts";
import { Deferred } from "./routine.ts";

/** The code asked for other steps than the history holds. */
export class NonDeterminismError extends Error {
  override name = "NonDeterminismError";
}

export class TaskTable {
  /** Tasks that hold back the end of the execution, by number. */
  readonly open = new Map<number, { readonly task: Deferred<unknown>; readonly what: Decision }>();
  readonly mailbox = new EventMailbox();
  readonly #pending = new Map<number, Decision>();
  readonly #requests = new Map<number, Deferred<unknown>>();
  #nextId = 0;

  /** The number that the next task will take. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Decisions that the history does not hold yet, in ascending number. */
  decisions(): Decision[] {
    return [...this.#pending.values()].sort((a, b) => a.EventId - b.EventId);
  }

  /** Takes the next number for a task that is open until it settles. */
  openTask(toDecision: (id: number) => Decision): Deferred<unknown> {
    const decision = toDecision(this.#nextId++);
    const task = new Deferred<unknown>();
    this.#pending.set(decision.EventId, decision);
    this.open.set(decision.EventId, { task, what: decision });
    return task;
  }

  scheduleTask(name: string, input: unknown): Deferred<unknown> {
    return this.openTask((id) => ({
      EventType: EventType.TaskScheduled,
      EventId: id,
      Name: name,
      Version: "",
      Input: JSON.stringify([input ?? null]),
    }));
  }

  /** @param fireAt - ms since the epoch; a cancelled timer takes its number and is settled at once */
  scheduleTimer(fireAt: number, isCanceled = false): Deferred<unknown> {
    const id = this.#nextId;
    const FireAt = new Date(fireAt).toISOString();
    const task = this.openTask((EventId) => ({ EventType: EventType.TimerCreated, EventId, FireAt }));
    if (isCanceled) this.settle(id, (timer) => timer.resolve(null));
    return task;
  }

  /** Takes the next number for a message, which is done with its sending. @returns the number */
  send(target: string, name: string, input: string): number {
    const id = this.#nextId++;
    const address = { InstanceId: target, Name: name };
    this.#pending.set(id, { EventType: EventType.EventSent, EventId: id, ...address, Input: input });
    return id;
  }

  /** The answer to a message: an event named after the request id that the history holds. */
  answerTo(id: number): Deferred<unknown> {
    const answer = new Deferred<unknown>();
    this.#requests.set(id, answer);
    return answer;
  }

  /** Finds a recorded step among those asked for. @throws {NonDeterminismError} when it is not there */
  match(event: Decision): void {
    const mismatch = describeMismatch(event, this.#pending.get(event.EventId));
    if (mismatch) throw new NonDeterminismError(mismatch);
    this.#pending.delete(event.EventId);
    if (event.EventType !== EventType.EventSent) return;
    const answer = this.#requests.get(event.EventId);
    if (answer) this.mailbox.register(String(JSON.parse(event.Input).id), answer);
  }

  /** Settles an open task; a number that is not open is a duplicate or comes too late. */
  settle(id: number, how: (task: Deferred<unknown>) => void): void {
    const entry = this.open.get(id);
    this.open.delete(id);
    if (entry) how(entry.task);
  }
}
