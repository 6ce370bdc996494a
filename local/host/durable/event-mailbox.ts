/** External events of one replay: names match in any case, the newest waiter is served first, unheard events queue. */
import type { EventRaised } from "./history.ts";
import { Deferred } from "./routine.ts";

export class EventMailbox {
  readonly #waiters = new Map<string, Deferred<unknown>[]>();
  readonly #buffered = new Map<string, EventRaised[]>();

  /** Events that met a wait only because case is ignored here; the app's package compares exactly. */
  readonly caseMismatches: string[] = [];
  readonly #names = new WeakMap<Deferred<unknown>, string>();

  /** The oldest event of that name not heard yet, or the next to come. */
  wait(name: string): Deferred<unknown> {
    const task = new Deferred<unknown>();
    const early = this.#buffered.get(name.toLowerCase())?.shift();
    if (early) {
      this.#compare(name, early.Name);
      task.resolve(early.Input);
    } else this.register(name, task);
    return task;
  }

  /** Lets `task` wait for events of that name, ahead of those who wait already. */
  register(name: string, task: Deferred<unknown>): void {
    this.#names.set(task, name);
    entry(this.#waiters, name).push(task);
  }

  deliver(event: EventRaised): void {
    const waiter = this.#waiters.get(event.Name.toLowerCase())?.pop();
    if (waiter) {
      this.#compare(this.#names.get(waiter) ?? event.Name, event.Name);
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
