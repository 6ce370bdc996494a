/** One thing that an operation did or waits for, in order of time. */
export interface TimelineRow {
  /** When it was asked for, ISO 8601 UTC. */
  readonly at: string;
  /** The step in words, e.g. `Move 10 % of traffic to version-2`. */
  readonly step: string;
  readonly outcome: "done" | "failed" | "waiting" | "running";
  /** What came of it, in words; empty when the step says it all. */
  readonly detail: string;
  /** Milliseconds from asking to answer; null while it is open. */
  readonly durationMs: number | null;
  /** Attempts folded into this row. */
  readonly attempts: number;
}
