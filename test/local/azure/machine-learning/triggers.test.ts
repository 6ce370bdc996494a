import { expect, test } from "vitest";
import type { Trigger } from "../../../../local/azure/machine-learning/schedule-definition.ts";
import { nextTrigger } from "../../../../local/azure/machine-learning/triggers.ts";

/** A Thursday. */
const CREATED = Date.UTC(2026, 0, 1, 9, 15);
const UTC = { timeZone: "UTC" };

function moments(trigger: Trigger, count: number, after = CREATED): string[] {
  const found: string[] = [];
  for (let at = nextTrigger(trigger, after, CREATED); at !== undefined && found.length < count; ) {
    found.push(new Date(at).toISOString().slice(0, 16));
    at = nextTrigger(trigger, at, CREATED);
  }
  return found;
}
const cron = (expression: string, more: object = {}): Trigger => ({
  ...UTC,
  ...more,
  triggerType: "Cron",
  expression,
});

test.each([
  {
    what: "every weekday at eight",
    trigger: cron("0 8 * * 1-5"),
    expected: ["2026-01-02T08:00", "2026-01-05T08:00"],
  },
  {
    what: "by names of days",
    trigger: cron("30 7 * * mon,sun"),
    expected: ["2026-01-04T07:30", "2026-01-05T07:30"],
  },
  {
    what: "without heed of day and month",
    trigger: cron("0 0 31 2 *"),
    expected: ["2026-01-02T00:00", "2026-01-03T00:00"],
  },
  {
    what: "by the clock of its zone, over the change to summer time",
    trigger: cron("0 8 * * *", { timeZone: "W. Europe Standard Time", startTime: "2026-03-28T00:00:00" }),
    expected: ["2026-03-28T07:00", "2026-03-29T06:00"],
  },
  {
    what: "not before its start, nor after its end",
    trigger: cron("0 0 * * *", { startTime: "2026-02-01T00:00:00", endTime: "2026-02-02T12:00:00" }),
    expected: ["2026-02-01T00:00", "2026-02-02T00:00"],
  },
])("finds the moments of an expression $what", ({ trigger, expected }) => {
  expect(moments(trigger, 2)).toEqual(expected);
});

const recurrence = (
  frequency: "Minute" | "Hour" | "Day" | "Week" | "Month",
  interval: number,
  more: object = {},
): Trigger => ({
  ...UTC,
  triggerType: "Recurrence",
  frequency,
  interval,
  ...more,
});

test.each([
  {
    what: "every 15 minutes",
    trigger: recurrence("Minute", 15),
    expected: ["2026-01-01T09:30", "2026-01-01T09:45", "2026-01-01T10:00"],
  },
  {
    what: "every six hours from a start",
    trigger: recurrence("Hour", 6, { startTime: "2026-01-01T00:00:00" }),
    expected: ["2026-01-01T12:00", "2026-01-01T18:00", "2026-01-02T00:00"],
  },
  {
    what: "every second day at two times",
    trigger: recurrence("Day", 2, { schedule: { hours: [6, 18], minutes: [0] } }),
    expected: ["2026-01-01T18:00", "2026-01-03T06:00", "2026-01-03T18:00"],
  },
  {
    what: "every second week on two days",
    trigger: recurrence("Week", 2, {
      schedule: { hours: [10], minutes: [0], weekDays: ["Monday", "Friday"] },
    }),
    // The week of the first of January begins on Sunday, the 28th of December.
    expected: ["2026-01-02T10:00", "2026-01-12T10:00", "2026-01-16T10:00"],
  },
  {
    what: "every month on the 31st, which February and April do not have",
    trigger: recurrence("Month", 1, { schedule: { hours: [0], minutes: [5], monthDays: [31] } }),
    expected: ["2026-01-31T00:05", "2026-03-31T00:05", "2026-05-31T00:05"],
  },
  {
    what: "every day at its start's own time",
    trigger: recurrence("Day", 1, { startTime: "2026-01-10T11:20:00" }),
    expected: ["2026-01-10T11:20", "2026-01-11T11:20", "2026-01-12T11:20"],
  },
])("finds the moments of $what", ({ trigger, expected }) => {
  expect(moments(trigger, 3)).toEqual(expected);
});

test("has no moment after its end", () => {
  expect(
    nextTrigger(recurrence("Hour", 1, { endTime: "2026-01-01T09:30:00" }), CREATED, CREATED),
  ).toBeUndefined();
});

test("takes an empty list of days for none: the days are then those of its beginning", () => {
  const schedule = { hours: [8], minutes: [0], weekDays: [], monthDays: [] };
  expect(moments(recurrence("Week", 1, { schedule }), 2)).toEqual(["2026-01-08T08:00", "2026-01-15T08:00"]);
  expect(moments(recurrence("Month", 1, { schedule }), 2)).toEqual(["2026-02-01T08:00", "2026-03-01T08:00"]);
});
