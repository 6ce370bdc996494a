/** External events of one replay: names match in any case, the newest waiter is served first, unheard events queue. */
import type { EventRaised } from "./history.ts";
import { Deferred } from "./routine.ts";

export class EventMailbox {
  readonly #waiters = new Map<string, Deferred<unknown>[]>();
  readonly #buffered = new Map<string, EventRaised[]>();

  /** Events that met a wait only because case is ignored here; the app's package compares exactly. */
  readonly caseMismatches: string[] = [];
  /** Waits begun after an event of their name had gone to a wait that had lost its race. */
  readonly bereft: { readonly name: string; readonly task: Deferred<unknown> }[] = [];
  readonly #names = new WeakMap<Deferred<unknown>, string>();
  readonly #begun: Deferred<unknown>[] = [];
  /** Waits that lost their race: nobody may be listening to them any more. */
  readonly #losers = new WeakSet<Deferred<unknown>>();
  /** Lower-case names of events that went to such a wait. */
  readonly #swallowed = new Set<string>();

  /** The oldest event of that name not heard yet, or the next to come. */
  wait(name: string): Deferred<unknown> {
    const task = new Deferred<unknown>();
    const early = this.#buffered.get(name.toLowerCase())?.shift();
    if (early) {
      this.#compare(name, early.Name);
      task.resolve(early.Input);
    } else {
      this.register(name, task);
      if (this.#swallowed.has(name.toLowerCase())) this.bereft.push({ name, task });
    }
    return task;
  }

  /** How many waits have begun so far, answered ones left out. */
  get begun(): number {
    return this.#begun.length;
  }

  /** Marks what a race that is over has left waiting. @param from, to - what `begun` was before and after it began */
  loseRace(from: number, to: number): void {
    for (const waiter of this.#begun.slice(from, to)) if (waiter.isOpen) this.#losers.add(waiter);
  }

  /** Lets `task` wait for events of that name, ahead of those who wait already. */
  register(name: string, task: Deferred<unknown>): void {
    this.#names.set(task, name);
    this.#begun.push(task);
    entry(this.#waiters, name).push(task);
  }

  deliver(event: EventRaised): void {
    const waiter = this.#waiters.get(event.Name.toLowerCase())?.pop();
    if (waiter) {
      this.#compare(this.#names.get(waiter) ?? event.Name, event.Name);
      if (this.#losers.has(waiter)) this.#swallowed.add(event.Name.toLowerCase());
      waiter.resolve(event.Input);
    } else entry(this.#buffered, event.Name).push(event);
  }

  #compare(awaited: string, raised: string): void {
    if (awaited !== raised) this.caseMismatches.push(`'${raised}' was raised, '${awaited}' is awaited`);
  }
}

function entry<T>(map: Map<string, T[]>, name: string): T[] {
  const key = name.toLowerCase();
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}
