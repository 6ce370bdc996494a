import { expect, test } from "vitest";
import { hasOffset, isTimeZone, zonedTime } from "../../../shared/policy/zoned-time.ts";

test.each([
  { text: "2026-01-15T12:00:00", zone: "Europe/Berlin", utc: "2026-01-15T11:00:00Z" },
  { text: "2026-07-15T12:00:00", zone: "Europe/Berlin", utc: "2026-07-15T10:00:00Z" },
  { text: "2026-07-15T12:00:00", zone: "Asia/Kolkata", utc: "2026-07-15T06:30:00Z" },
  { text: "2026-01-15T12:00:00", zone: "America/New_York", utc: "2026-01-15T17:00:00Z" },
  { text: "2026-01-15T12:00:00", zone: "UTC", utc: "2026-01-15T12:00:00Z" },
  // The clocks go forward at 02:00 on 29 March 2026, and back at 03:00 on 25 October.
  { text: "2026-03-29T01:59:59", zone: "Europe/Berlin", utc: "2026-03-29T00:59:59Z" },
  { text: "2026-03-29T03:00:00", zone: "Europe/Berlin", utc: "2026-03-29T01:00:00Z" },
  { text: "2026-10-25T03:00:00", zone: "Europe/Berlin", utc: "2026-10-25T02:00:00Z" },
  { text: "2026-07-15T12:00:00Z", zone: "Asia/Kolkata", utc: "2026-07-15T12:00:00Z" },
  { text: "2026-07-15T12:00:00+01:00", zone: undefined, utc: "2026-07-15T11:00:00Z" },
])("$text in $zone is $utc", ({ text, zone, utc }) => {
  expect(zonedTime(text, zone)).toBe(Date.parse(utc));
});

test("knows zones by their names alone", () => {
  expect(isTimeZone("Europe/Berlin")).toBe(true);
  expect(isTimeZone("Europe/Entenhausen")).toBe(false);
});

test.each([
  { text: "2026-07-15T12:00:00", has: false },
  { text: "2026-07-15T12:00:00Z", has: true },
  { text: "2026-07-15T12:00:00-05:00", has: true },
  { text: "2026-07-15T12:00:00.5", has: false },
])("sees whether $text names a moment by itself", ({ text, has }) => {
  expect(hasOffset(text)).toBe(has);
});
