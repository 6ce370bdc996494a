import { expect, test } from "vitest";
import { parseGrain, parseTimespan } from "../../../../local/azure/monitor/timespan.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;

test.each([
  { text: "2026-01-01T10:00:00Z/2026-01-01T11:00:00Z", start: NOON - 2 * HOUR, end: NOON - HOUR },
  { text: "2026-01-01T10:00:00Z/PT30M", start: NOON - 2 * HOUR, end: NOON - 1.5 * HOUR },
  { text: "PT30M/2026-01-01T11:00:00Z", start: NOON - 1.5 * HOUR, end: NOON - HOUR },
  { text: "P1DT1H", start: NOON - 25 * HOUR, end: NOON },
])("reads the timespan $text", ({ text, start, end }) => {
  expect(parseTimespan(text, NOON)).toEqual({ start, end });
});

test.each(["", "P", "PT", "yesterday", "a/b", "PT1H/PT1H/PT1H", "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"])(
  "refuses the timespan '%s'",
  (text) => expect(parseTimespan(text, NOON)).toBeUndefined(),
);

test.each([
  { text: "PT1M", ms: 60_000 },
  { text: "pt5m", ms: 300_000 },
  { text: "P1D", ms: 24 * HOUR },
  { text: "FULL", ms: 2 * HOUR },
  { text: "PT7M", ms: undefined },
])("takes the grain $text for $ms ms", ({ text, ms }) => {
  expect(parseGrain(text, { start: NOON - 2 * HOUR, end: NOON })).toBe(ms);
});
