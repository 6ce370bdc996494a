import { Cron } from "croner";
import { invalid } from "./refusal.ts";
import { type CronTrigger, type RecurrenceTrigger, type Trigger, weekDayOf } from "./schedule-definition.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A recurrence that has no moment within this many days has none at all. */
const LOOK_AHEAD_DAYS = 366 * 4;

/** The service names time zones as Windows does. */
const WINDOWS_ZONES: Readonly<Record<string, string>> = {
  UTC: "UTC",
  "GMT Standard Time": "Europe/London",
  "W. Europe Standard Time": "Europe/Berlin",
  "Central European Standard Time": "Europe/Warsaw",
  "Romance Standard Time": "Europe/Paris",
  "Eastern Standard Time": "America/New_York",
  "Central Standard Time": "America/Chicago",
  "Mountain Standard Time": "America/Denver",
  "Pacific Standard Time": "America/Los_Angeles",
  "India Standard Time": "Asia/Kolkata",
  "China Standard Time": "Asia/Shanghai",
  "Tokyo Standard Time": "Asia/Tokyo",
  "AUS Eastern Standard Time": "Australia/Sydney",
};

/** @throws {Refusal} 400 naming the field of the trigger that cannot be read */
export function checkTrigger(trigger: Trigger): void {
  const zone = zoneOf(trigger);
  for (const field of ["startTime", "endTime"] as const) {
    const text = trigger[field];
    if (text && Number.isNaN(Date.parse(text))) {
      throw invalid(`trigger.${field} is '${text}', expected a moment such as 2026-01-31T10:00:00.`);
    }
  }
  if (trigger.triggerType !== "Cron") return;
  try {
    cronOf(trigger, zone);
  } catch (error) {
    throw invalid(
      `trigger.expression is '${trigger.expression}', expected five fields such as '0 8 * * 1-5': ${String(error)}.`,
    );
  }
}

/**
 * The first moment of a trigger that is later than another; undefined when there is none.
 *
 * @param after - milliseconds since the epoch
 * @param createdAt - where a recurrence without a start time begins to count
 */
export function nextTrigger(trigger: Trigger, after: number, createdAt: number): number | undefined {
  const zone = zoneOf(trigger);
  const end = trigger.endTime ? instant(trigger.endTime, zone) : Number.POSITIVE_INFINITY;
  const begin = trigger.startTime ? instant(trigger.startTime, zone) : createdAt;
  const from = Math.max(after, begin - 1);
  const next =
    trigger.triggerType === "Cron" ? nextCron(trigger, zone, from) : nextOf(trigger, zone, from, begin);
  return next !== undefined && next <= end ? next : undefined;
}

function nextCron(trigger: CronTrigger, zone: string, after: number): number | undefined {
  // Croner finds moments after a whole second.
  return cronOf(trigger, zone)
    .nextRun(new Date(Math.floor(after / 1000) * 1000))
    ?.getTime();
}

/** Day of month and month are read and ignored, as by the service. */
function cronOf({ expression }: CronTrigger, timezone: string): Cron {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) throw new Error(`it has ${fields.length} fields`);
  const [minute, hour, , , weekDay] = fields;
  return new Cron(`${minute} ${hour} * * ${weekDay}`, { timezone, mode: "5-part", paused: true });
}

function nextOf(trigger: RecurrenceTrigger, zone: string, after: number, begin: number): number | undefined {
  const { frequency, interval } = trigger;
  if (frequency === "Minute" || frequency === "Hour") {
    const stepMs = interval * MINUTE_MS * (frequency === "Hour" ? 60 : 1);
    return begin + Math.max(0, Math.floor((after - begin) / stepMs) + 1) * stepMs;
  }
  const start = local(begin, zone);
  const firstDay = Math.max(0, Math.floor((after - begin) / DAY_MS) - 1);
  for (let day = firstDay; day < firstDay + LOOK_AHEAD_DAYS; day++) {
    const date = new Date(start.midnight + day * DAY_MS);
    if (!isDue(trigger, date, new Date(start.midnight))) continue;
    const next = timesOf(trigger, start)
      .map((time) => instant(`${date.toISOString().slice(0, 10)}T${time}`, zone))
      .find((at) => at > after && at >= begin);
    if (next !== undefined) return next;
  }
  return undefined;
}

/** Whether a day, written as its midnight in UTC, is one of the recurrence that began on another. */
function isDue({ frequency, interval, schedule }: RecurrenceTrigger, date: Date, start: Date): boolean {
  const days = Math.round((date.getTime() - start.getTime()) / DAY_MS);
  if (frequency === "Day") return days % interval === 0;
  if (frequency === "Week") {
    const weeks = Math.floor((days + start.getUTCDay()) / 7);
    const wanted = schedule?.weekDays?.length ? schedule.weekDays : [weekDayOf(start.getUTCDay())];
    return weeks % interval === 0 && wanted.includes(weekDayOf(date.getUTCDay()));
  }
  const months =
    (date.getUTCFullYear() - start.getUTCFullYear()) * 12 + date.getUTCMonth() - start.getUTCMonth();
  // A day that a month does not have is left out of it.
  const wanted = schedule?.monthDays?.length ? schedule.monthDays : [start.getUTCDate()];
  return months % interval === 0 && wanted.includes(date.getUTCDate());
}

function timesOf({ schedule }: RecurrenceTrigger, start: { hour: number; minute: number }): string[] {
  const hours = schedule?.hours.length ? schedule.hours : [start.hour];
  const minutes = schedule?.minutes.length ? schedule.minutes : [start.minute];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours.flatMap((hour) => minutes.map((minute) => `${two(hour)}:${two(minute)}:00`)).toSorted();
}

/** What a clock in the zone shows: the day as its midnight in UTC, the hour and the minute. */
function local(at: number, timeZone: string) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const midnight = Date.parse(`${parts.year}-${parts.month}-${parts.day}T00:00:00Z`);
  return { midnight, hour: Number(parts.hour), minute: Number(parts.minute) };
}

/** A moment written as the zone's own clock shows it; one that says its offset is taken as it is. */
function instant(text: string, timezone: string): number {
  if (/(Z|[+-]\d\d:?\d\d)$/i.test(text)) return Date.parse(text);
  const whole = text.replace(/\.\d+$/, "");
  const found = new Cron(/T/.test(whole) ? whole : `${whole}T00:00:00`, { timezone, paused: true }).nextRun(
    new Date(0),
  );
  return found?.getTime() ?? Number.NaN;
}

function zoneOf({ timeZone }: Trigger): string {
  const zone = WINDOWS_ZONES[timeZone] ?? timeZone;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    const known = Object.keys(WINDOWS_ZONES).join(", ");
    throw invalid(
      `trigger.timeZone is '${timeZone}', expected one of ${known}, or a name such as Europe/Berlin.`,
    );
  }
}
