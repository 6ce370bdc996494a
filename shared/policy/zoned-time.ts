const HAS_OFFSET = /(Z|[+-]\d{2}:?\d{2})$/i;

/** Whether the runtime knows a zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Whether a text names a moment by itself, without a time zone beside it. */
export const hasOffset = (text: string): boolean => HAS_OFFSET.test(text);

/**
 * The moment that a date and time name: by their own offset, else as local time of a zone.
 *
 * A local time that a change to summer time skips counts as the moment of the change or up to an hour later; of one
 * that occurs twice, it is one of the two.
 *
 * @returns milliseconds since 1970 UTC
 */
export function zonedTime(text: string, timeZone: string | undefined): number {
  if (timeZone === undefined || hasOffset(text)) return Date.parse(text);
  const asUtc = Date.parse(`${text}Z`);
  const guess = asUtc - offsetMs(asUtc, timeZone);
  return asUtc - offsetMs(guess, timeZone);
}

/** How far a zone's clock is ahead of UTC at a moment. */
function offsetMs(at: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign = "+", hours = "0", minutes = "0"] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
