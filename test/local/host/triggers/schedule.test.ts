import { expect, test } from "vitest";
import { parseSchedule } from "../../../../local/host/triggers/schedule.ts";

const next = (expression: string, after: string, timeZone = "UTC") => {
  const found = parseSchedule(expression, timeZone).next(Date.parse(after));
  return found === undefined ? undefined : new Date(found).toISOString();
};

test.each([
  { expression: "0 */5 * * * *", means: "every five minutes", expected: "2026-01-01T00:05:00.000Z" },
  { expression: "15 30 6 * * *", means: "six fields, seconds first", expected: "2026-01-01T06:30:15.000Z" },
  { expression: "30 6 * * *", means: "five fields, at second 0", expected: "2026-01-01T06:30:00.000Z" },
  { expression: "0 0 9 * * MON-FRI", means: "names of days", expected: "2026-01-01T09:00:00.000Z" },
  { expression: "0 0 9 * * Sunday", means: "whole names of days", expected: "2026-01-04T09:00:00.000Z" },
  { expression: "0 0 0 1 FEB,MAR *", means: "names of months", expected: "2026-02-01T00:00:00.000Z" },
  {
    expression: "0 0 0 13 * 5",
    means: "day of month and day of week both",
    expected: "2026-02-13T00:00:00.000Z",
  },
  { expression: "0 0 0 * * 0", means: "Sunday as 0", expected: "2026-01-04T00:00:00.000Z" },
  // atifaziz/NCrontab, CrontabField.Accumulate: "if the start is bigger than the end value then swap them over"
  {
    expression: "0 0 0 * * FRI-MON",
    means: "a range given backwards, which is turned round and has Tuesday in it, not Sunday",
    after: "2026-01-03T00:00:00Z",
    expected: "2026-01-05T00:00:00.000Z",
  },
  // the same: an interval below 1 is 1
  { expression: "*/0 * * * * *", means: "a step of 0 as one of 1", expected: "2026-01-01T00:00:01.000Z" },
  { expression: "40/10 * * * * *", means: "steps from a value on", expected: "2026-01-01T00:00:40.000Z" },
  { expression: "*/90 * * * * *", means: "a step beyond the field", expected: "2026-01-01T00:01:00.000Z" },
  { expression: "0 0 12 * s *", means: "the beginning of a name", expected: "2026-09-01T12:00:00.000Z" },
  {
    expression: "24:00:00",
    means: "days, hours and minutes from 24 on",
    expected: "2026-01-25T00:00:00.000Z",
  },
  { expression: "00:20:00", means: "a constant interval", expected: "2026-01-01T00:20:00.000Z" },
])("reads '$expression' as $means", ({ expression, expected, after = "2026-01-01T00:00:00Z" }) => {
  expect(next(expression, after)).toBe(expected);
});

test("keeps local time across the change to summer time", () => {
  expect(next("0 0 9 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin")).toBe("2026-03-29T07:00:00.000Z");
});

test("has no next occurrence for a day that never comes", () => {
  expect(next("0 0 0 30 2 *", "2026-01-01T00:00:00Z")).toBeUndefined();
});

test.each([
  "",
  "often",
  "* * * *",
  "* * * * * * *",
  "@daily",
  "0 0 0 L * *",
  "61 0 0 * * *",
  // Sunday is 0 in Azure, and 7 nothing
  "0 0 0 * * 7",
  "0 0 0 * * MONKEY",
  "0 0 0 ? * *",
  "0,,5 0 0 * * *",
  "0 JAN * * * *",
])("refuses '%s' and says so", (expression) => {
  expect(() => parseSchedule(expression, "UTC")).toThrow(`schedule '${expression}'`);
});
