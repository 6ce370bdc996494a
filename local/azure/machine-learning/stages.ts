import type { Context } from "./context.ts";
import { isTerminal, type JobStatus } from "./job-definition.ts";
import type { JobRow, Runs } from "./runs.ts";

/** A status on a job's way, and how long the job stays in it at least. */
export interface Stage {
  readonly status: JobStatus;
  readonly ms: number;
}

/**
 * Leads jobs from NotStarted through the stages before they run. Where a job stands and since when is in its row, so a
 * stage that a restart fell into ends when it would have ended.
 */
export class Stages {
  readonly #context: Context;
  readonly #runs: Runs;
  readonly #pathOf: (job: JobRow) => readonly Stage[];
  readonly #arrive: (id: string) => void;
  /** What cancels the wait of a job, by its key. */
  readonly #waits = new Map<string, () => void>();

  /** @param arrive - takes a job that has its last stage behind it */
  constructor(
    context: Context,
    runs: Runs,
    pathOf: (job: JobRow) => readonly Stage[],
    arrive: (id: string) => void,
  ) {
    this.#context = context;
    this.#runs = runs;
    this.#pathOf = pathOf;
    this.#arrive = arrive;
  }

  /** Leads a job on from where it stands; one that has ended, or is being cancelled, is left alone. */
  advance(id: string): void {
    const { store, clock } = this.#context;
    const job = store.isOpen ? this.#runs.get(id) : undefined;
    if (!job || isTerminal(job.resource.properties.status) || this.#waits.has(job.key)) return;
    const { status } = job.resource.properties;
    const path = this.#pathOf(job);
    const at = path.findIndex((stage) => stage.status === status);
    if (at < 0 && status !== "NotStarted") return;
    const ms = path[at]?.ms ?? 0;
    // No longer than the stage itself, should the clock have been put back.
    const leftMs = Math.min(ms, (job.hidden.movedAt ?? 0) + ms - clock.now());
    const next = path[at + 1];
    if (leftMs > 0) this.#wait(job, leftMs);
    else if (next === undefined) this.#arrive(id);
    else {
      this.#runs.move(id, next.status);
      this.advance(id);
    }
  }

  cancel(id: string): void {
    const key = id.toLowerCase();
    this.#waits.get(key)?.();
    this.#waits.delete(key);
  }

  #wait({ key, resource }: JobRow, ms: number): void {
    const due = () => {
      this.#waits.delete(key);
      this.advance(resource.id);
    };
    this.#waits.set(key, this.#context.clock.after(ms, due));
  }
}
