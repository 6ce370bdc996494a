import type { ColumnType, Value } from "./syntax.ts";

/** `[-][d.]hh:mm:ss[.fffffff]` */
export function formatTimespan(ms: number): string {
  const whole = Math.abs(ms);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const days = Math.floor(whole / 86_400_000);
  const [hours, minutes, seconds] = [(whole / 3_600_000) % 24, (whole / 60_000) % 60, (whole / 1000) % 60];
  // Ticks of 100 ns, as the service counts.
  const ticks = Math.round((whole % 1000) * 10_000);
  const fraction = ticks === 0 ? "" : `.${String(ticks).padStart(7, "0")}`;
  return `${ms < 0 ? "-" : ""}${days > 0 ? `${days}.` : ""}${two(hours)}:${two(minutes)}:${two(seconds)}${fraction}`;
}

/** A value as a result shows it in JSON. */
export function toJson(value: Value, type: ColumnType): Value {
  if (value === null) return type === "string" ? "" : null;
  if (typeof value !== "number") return value;
  if (type === "datetime") return new Date(value).toISOString();
  if (type === "timespan") return formatTimespan(value);
  return Number.isFinite(value) ? value : String(value);
}
