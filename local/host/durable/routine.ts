/** Coroutines that run without the event loop: what a replay waits for settles at once, in the order of the history. */

/** A value that is there later. Whoever waits is resumed at the very moment it settles. */
export class Deferred<T> {
  #state: "open" | "done" | "failed" = "open";
  #value: T | undefined;
  #error: unknown;
  #waiters: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#state === "open";
  }

  resolve(value: T): void {
    if (!this.isOpen) return;
    this.#value = value;
    this.#settle("done");
  }

  reject(error: unknown): void {
    if (!this.isOpen) return;
    this.#error = error;
    this.#settle("failed");
  }

  /** Calls `resume` once this has settled: now, if it already has. */
  whenSettled(resume: () => void): void {
    if (this.isOpen) this.#waiters.push(resume);
    else resume();
  }

  /** @throws the reason when it was rejected */
  read(): T | undefined {
    if (this.#state === "failed") throw this.#error;
    return this.#value;
  }

  #settle(state: "done" | "failed"): void {
    this.#state = state;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) resume();
  }
}

/** A coroutine: it yields what it waits for. */
export type Routine<T> = Generator<Deferred<unknown>, T, void>;

/** Waits inside a routine; answers the value, or throws the reason. */
export function* wait<T>(deferred: Deferred<T>): Routine<T | undefined> {
  if (deferred.isOpen) yield deferred;
  return deferred.read();
}

/** Starts a routine: it runs at once up to its first wait. */
export function run<T>(routine: Routine<T>): Deferred<T> {
  const result = new Deferred<T>();
  const step = (): void => {
    try {
      const next = routine.next();
      if (next.done) result.resolve(next.value);
      else next.value.whenSettled(step);
    } catch (error) {
      result.reject(error);
    }
  };
  step();
  return result;
}

/** Settles well once all have settled, however they did. */
export function allSettled(tasks: readonly Deferred<unknown>[]): Deferred<void> {
  const result = new Deferred<void>();
  let left = tasks.length;
  for (const task of tasks) {
    task.whenSettled(() => {
      left -= 1;
      if (left === 0) result.resolve();
    });
  }
  return result;
}

/** Settles well once the first has settled, however it did. */
export function anySettled(tasks: readonly Deferred<unknown>[]): Deferred<void> {
  const result = new Deferred<void>();
  for (const task of tasks) task.whenSettled(() => result.resolve());
  return result;
}
