import type { DatabaseSync } from "node:sqlite";

/** Times in ms since the epoch; until the first run there is no `last`, and `updated` only in what is stored. */
export interface TimerStatus {
  readonly last: number | undefined;
  readonly next: number;
  readonly updated: number | undefined;
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
  status: TimerStatus & { readonly updated: number },
): void {
  database
    .prepare("INSERT OR REPLACE INTO timers (function, schedule, last, next, updated) VALUES (?, ?, ?, ?, ?)")
    .run(name, schedule, status.last ?? null, status.next, status.updated);
}

/** The value as the host sends it; the app's library lower-cases the first letter of each key. */
export function timerValue(status: TimerStatus | undefined, isPastDue: boolean): string {
  return JSON.stringify({
    Schedule: { AdjustForDST: true },
    ScheduleStatus: status
      ? { Last: local(status.last), Next: local(status.next), LastUpdated: local(status.updated) }
      : null,
    IsPastDue: isPastDue,
  });
}

function local(epochMs: number | undefined): string {
  return epochMs === undefined
    ? "0001-01-01T00:00:00"
    : new Date(epochMs).toISOString().replace("Z", "+00:00");
}
