import type { Clock } from "../../clock.ts";
import type { DeliveryStore, System } from "./store.ts";

export type Conclusion = "success" | "failure" | "cancelled";

/** One run of a workflow or a pipeline. Times are milliseconds since the epoch. */
export interface Run {
  readonly id: number;
  readonly scope: string;
  /** Id of the workflow or pipeline, and how many runs of it there were, with this one. */
  readonly pipeline: number;
  readonly number: number;
  readonly title: string;
  readonly ref: string;
  readonly event: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly status: "queued" | "in_progress" | "completed";
  readonly conclusion: Conclusion | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly updatedAt: number;
  /** When it goes on by itself; `null` once completed. */
  readonly nextAt: number | null;
}

export interface RunTimes {
  /** How long a run waits for a runner. */
  readonly queuedMs: number;
  /** How long it then runs, when nobody concludes it. */
  readonly runningMs: number;
}

export interface RunsOptions {
  readonly system: System;
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly times: RunTimes;
  /** Told after each step is on disk. */
  readonly onChange: (run: Run) => void;
}

export type NewRun = Pick<Run, "scope" | "pipeline" | "title" | "ref" | "event" | "inputs">;

/** Runs that go on by the clock: queued, in progress, completed; over a restart, too. */
export class Runs {
  readonly #options: RunsOptions;
  #cancelTimer = () => {};

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Takes up the runs that a restart left on their way. */
  start(scopes: readonly string[]): void {
    this.#scopes.push(...scopes);
    this.#advance();
  }

  readonly #scopes: string[] = [];

  stop(): void {
    this.#cancelTimer();
  }

  add(fresh: NewRun): Run {
    const { system, store, clock, times, onChange } = this.#options;
    const now = clock.now();
    const number = this.of(fresh.scope).filter((run) => run.pipeline === fresh.pipeline).length + 1;
    const run = store.addPart<Run>(system, "run", fresh.scope, (id) => ({
      ...fresh,
      id,
      number,
      status: "queued",
      conclusion: null,
      createdAt: now,
      startedAt: null,
      updatedAt: now,
      nextAt: now + times.queuedMs,
    }));
    onChange(run);
    this.#advance();
    return run;
  }

  get(scope: string, id: number): Run | undefined {
    return this.#options.store.part<Run>(this.#options.system, "run", scope, id);
  }

  /** Oldest first. */
  of(scope: string): Run[] {
    return this.#options.store.parts<Run>(this.#options.system, "run", scope);
  }

  /** Ends a run now. One that has ended stays as it is, and `undefined` is the answer. */
  conclude(scope: string, id: number, conclusion: Conclusion): Run | undefined {
    const run = this.get(scope, id);
    if (!run || run.status === "completed") return undefined;
    const now = this.#options.clock.now();
    return this.#set({ ...run, status: "completed", conclusion, updatedAt: now, nextAt: null });
  }

  #set(run: Run): Run {
    const { store, onChange } = this.#options;
    store.setPart(run.id, run);
    onChange(run);
    return run;
  }

  #advance(): void {
    const { store, clock, times } = this.#options;
    if (!store.isOpen) return;
    const now = clock.now();
    const open = this.#scopes.flatMap((scope) => this.of(scope)).filter((run) => run.nextAt !== null);
    for (const run of open) {
      if (run.nextAt === null || run.nextAt > now) continue;
      if (run.status === "queued") {
        const startedAt = run.nextAt;
        this.#set({
          ...run,
          status: "in_progress",
          startedAt,
          updatedAt: startedAt,
          nextAt: startedAt + times.runningMs,
        });
      } else {
        this.#set({
          ...run,
          status: "completed",
          conclusion: "success",
          updatedAt: run.nextAt,
          nextAt: null,
        });
      }
    }
    const left = this.#scopes.flatMap((scope) => this.of(scope)).flatMap(({ nextAt }) => nextAt ?? []);
    this.#cancelTimer();
    if (left.length > 0)
      this.#cancelTimer = clock.after(Math.max(0, Math.min(...left) - now), () => this.#advance());
  }
}
