/** How figures and times read in pages and mails. */

/** Two to three significant digits, without an exponent: `2.14`, `103`, `0.05`. */
export function figure(value: number | null): string {
  if (value === null) return "–";
  return Intl.NumberFormat("en", { maximumSignificantDigits: 3, useGrouping: false }).format(value);
}

/** `Tue 24 Nov 2026, 14:00 UTC` */
export function moment(iso: string): string {
  const at = new Date(iso);
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options }).format(at);
  const day = part({ weekday: "short", day: "numeric", month: "short", year: "numeric" }).replace(",", "");
  return `${day}, ${part({ hour: "2-digit", minute: "2-digit" })} UTC`;
}

const UNITS = [
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
  { unit: "second", ms: 1_000 },
] as const;

/** `in 3 days`, `2 minutes ago`, `now` */
export function relative(iso: string, now: Date): string {
  const ms = Date.parse(iso) - now.getTime();
  const found = UNITS.find((unit) => Math.abs(ms) >= unit.ms);
  if (!found) return "now";
  return new Intl.RelativeTimeFormat("en", { numeric: "always" }).format(
    Math.round(ms / found.ms),
    found.unit,
  );
}

/** `10 minutes`, `2 days`; of several units the largest alone. */
export function span(ms: number): string {
  const found = UNITS.find((unit) => ms >= unit.ms);
  if (!found) return `${ms} ms`;
  const count = Math.round(ms / found.ms);
  return `${count} ${found.unit}${count === 1 ? "" : "s"}`;
}

/** What others wrote is text, cut at a length that a line holds. */
export function cut(text: string, most = 120): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

const ISO_TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z/g;

/** A recorded sentence, its times as people write them, cut like all that others wrote. */
export function readable(text: string, most: number): string {
  return cut(text, most).replace(ISO_TIME, moment);
}

/** `10 %, 50 %, 100 %` */
export function steps(percents: readonly number[]): string {
  return percents.map((percent) => `${percent} %`).join(", ");
}

/** `1 approval`, `2 approvals` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
