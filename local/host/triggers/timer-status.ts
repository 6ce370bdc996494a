import type { DatabaseSync } from "node:sqlite";

/** Times in ms since the epoch; `last` is absent until the first run. */
export interface TimerStatus {
  readonly last: number | undefined;
  readonly next: number;
  readonly updated: number;
}

/** What was stored for a function under this very schedule; another schedule starts anew. */
export function readTimerStatus(
  database: DatabaseSync,
  name: string,
  schedule: string,
): TimerStatus | undefined {
  const row = database
    .prepare("SELECT last, next, updated FROM timers WHERE function = ? AND schedule = ?")
    .get(name, schedule);
  if (!row) return undefined;
  return {
    last: row.last === null ? undefined : Number(row.last),
    next: Number(row.next),
    updated: Number(row.updated),
  };
}

export function writeTimerStatus(
  database: DatabaseSync,
  name: string,
  schedule: string,
  status: TimerStatus,
): void {
  database
    .prepare("INSERT OR REPLACE INTO timers (function, schedule, last, next, updated) VALUES (?, ?, ?, ?, ?)")
    .run(name, schedule, status.last ?? null, status.next, status.updated);
}
