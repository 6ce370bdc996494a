const MINUTE_MS = 60_000;

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** The grains that Azure Monitor has. */
const GRAINS = ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"];

/** @returns milliseconds, or `undefined` when the text is no duration of days, hours, minutes and seconds */
export function parseDuration(text: string): number | undefined {
  const [whole, days = "0", hours = "0", minutes = "0", seconds = "0"] = DURATION.exec(text) ?? [];
  if (whole === undefined || !/\d/.test(whole)) return undefined;
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** A grain in ms; `FULL` is the whole timespan as one point. */
export function parseGrain(text: string, span: Timespan): number | undefined {
  if (text.toUpperCase() === "FULL") return Math.max(MINUTE_MS, span.end - span.start);
  return GRAINS.includes(text.toUpperCase()) ? parseDuration(text.toUpperCase()) : undefined;
}

/** Both in ms since the epoch; the end is not part of it. */
export interface Timespan {
  readonly start: number;
  readonly end: number;
}

/** Reads `start/end`, `start/duration`, `duration/end` or `duration` (until now). */
export function parseTimespan(text: string, now: number): Timespan | undefined {
  const [first = "", second, ...rest] = text.split("/");
  if (rest.length > 0) return undefined;
  const [firstMs, secondMs] = [
    parseDuration(first),
    second === undefined ? undefined : parseDuration(second),
  ];
  const startOf = Date.parse(first);
  const endOf = second === undefined ? now : Date.parse(second);
  const end = secondMs !== undefined ? startOf + secondMs : endOf;
  const start = firstMs !== undefined ? end - firstMs : startOf;
  return Number.isFinite(start) && Number.isFinite(end) && start <= end ? { start, end } : undefined;
}
