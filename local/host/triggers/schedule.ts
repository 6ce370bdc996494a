import { Cron } from "croner";
import { messageOf } from "../errors.ts";
import { parseTimeSpan } from "../settings/time-span.ts";

/** When a timer is due. */
export interface Schedule {
  /** The first occurrence after `afterMs`, in ms since the epoch; `undefined` when there is none. */
  next(afterMs: number): number | undefined;
}

interface Field {
  readonly what: string;
  readonly least: number;
  readonly most: number;
  /** Whole names of the values, from the least on; each beginning of one stands for it, the first that fits. */
  readonly names?: readonly string[];
}

const MONTHS = "January February March April May June July August September October November December";
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";

const FIELDS: readonly Field[] = [
  { what: "second", least: 0, most: 59 },
  { what: "minute", least: 0, most: 59 },
  { what: "hour", least: 0, most: 23 },
  { what: "day", least: 1, most: 31 },
  { what: "month", least: 1, most: 12, names: MONTHS.split(" ") },
  { what: "day of week", least: 0, most: 6, names: DAYS.split(" ") },
];

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
  const given = expression.trim().split(/\s+/);
  if (given.length !== 5 && given.length !== 6) {
    throw new Error(
      `schedule '${expression}' is not an NCRONTAB expression, expected '{second} {minute} {hour} {day} {month} {day of week}' or a time span.`,
    );
  }
  const texts = given.length === 5 ? ["0", ...given] : given;
  try {
    // croner's own dialect differs (7 as Sunday, L, #): it is told the numbers, and only finds the moments
    const pattern = FIELDS.map((field, place) => readField(field, texts[place] ?? "")).join(" ");
    const cron = new Cron(pattern, { mode: "6-part", domAndDow: true, timezone: timeZone, paused: true });
    return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
  } catch (error) {
    throw new Error(`schedule '${expression}' cannot be read: ${messageOf(error)}`);
  }
}

/** The values of a field as a list of numbers, `*` when it holds them all. @throws {Error} naming the part that is wrong */
function readField(field: Field, text: string): string {
  const values = new Set(text.split(",").flatMap((part) => readPart(field, part)));
  return values.size > field.most - field.least ? "*" : [...values].sort((a, b) => a - b).join(",");
}

/**
 * `*`, a value or a range, each with `/step`: a value with a step goes on to the end, a range given backwards is turned
 * round (FRI-MON is Monday to Friday), a step below 1 is 1.
 *
 * @see atifaziz/NCrontab, NCrontab/CrontabField.cs (Accumulate) and CrontabFieldImpl.cs (InternalParse)
 */
function readPart(field: Field, part: string): number[] {
  const [, whole, from = "", to, step] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/([+-]?\d+))?$/.exec(part) ?? [];
  if (whole === undefined && from === "") {
    throw new Error(`'${part}' is no ${field.what}, expected *, a value, a range or one of them with /step.`);
  }
  const first = whole ? field.least : readValue(field, from);
  const last = whole || (step && to === undefined) ? field.most : readValue(field, to ?? from);
  const every = Math.max(1, Number(step ?? 1));
  const [start, end] = first < last ? [first, last] : [last, first];
  return Array.from({ length: Math.floor((end - start) / every) + 1 }, (_, index) => start + index * every);
}

function readValue({ what, least, most, names = [] }: Field, text: string): number {
  const place = names.findIndex((name) => name.toLowerCase().startsWith(text.toLowerCase()));
  const value = /^\d+$/.test(text) ? Number(text) : place < 0 ? Number.NaN : least + place;
  if (value >= least && value <= most) return value;
  throw new Error(
    `'${text}' is no ${what}, expected ${least} to ${most}${names.length > 0 ? " or a name" : ""}.`,
  );
}
