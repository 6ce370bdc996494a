import { Cron } from "croner";
import { parseTimeSpan } from "../settings/time-span.ts";

/** When a timer is due. */
export interface Schedule {
  /** The first occurrence after `afterMs`, in ms since the epoch; `undefined` when there is none. */
  next(afterMs: number): number | undefined;
}

const NAMES = /\b(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)[A-Z]*\b/gi;

/**
 * Reads an NCRONTAB expression of six fields (five: at second 0) or a time span, a constant interval.
 * A restricted day of month and a restricted day of week must both match.
 *
 * @param timeZone - IANA name
 * @throws {Error} naming the expression when it is neither
 */
export function parseSchedule(expression: string, timeZone: string): Schedule {
  const intervalMs = parseTimeSpan(expression);
  if (intervalMs !== undefined && intervalMs > 0) return { next: (afterMs) => afterMs + intervalMs };
  const fields = expression.trim().split(/\s+/);
  const isNcrontab = fields.every((field) => /^[\d*,\-/]+$/.test(field.replace(NAMES, "0")));
  if ((fields.length === 5 || fields.length === 6) && isNcrontab) {
    try {
      const cron = new Cron(fields.map(shortNames).join(" "), {
        mode: "5-or-6-parts",
        domAndDow: true,
        timezone: timeZone,
        paused: true,
      });
      return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
    } catch (error) {
      throw new Error(
        `schedule '${expression}' cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  throw new Error(
    `schedule '${expression}' is not an NCRONTAB expression, expected '{second} {minute} {hour} {day} {month} {day of week}' or a time span.`,
  );
}

/** NCRONTAB takes whole names of days and months, croner only their first three letters. */
function shortNames(field: string): string {
  return field.replace(NAMES, (name) => name.slice(0, 3));
}
