const TIME_SPAN = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,7}))?$/;

/**
 * Milliseconds of a .NET time span `[d.]hh:mm:ss[.fffffff]`; `undefined` when the text is not one.
 * From 24 on the first number is days, as in .NET: `24:00:00` is 24 days.
 */
export function parseTimeSpan(text: string): number | undefined {
  const match = TIME_SPAN.exec(text.trim());
  if (!match) return undefined;
  if (isCountedInDays(text)) return parseTimeSpan(`${text.trim().replace(":", ".")}:00`);
  const [, days = "0", hours, minutes, seconds, fraction = "0"] = match;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return wholeSeconds * 1000 + Math.round(Number(`0.${fraction}`) * 1000);
}

/** Whether the first number of `24:00:00` and the like is days, where hours may have been meant. */
export function isCountedInDays(text: string): boolean {
  return /^\s*(?:2[4-9]|[3-9]\d):\d{1,2}:\d{1,2}\s*$/.test(text);
}
