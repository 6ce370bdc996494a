import { expect, test } from "vitest";
import { isDelivered, isFinal, outcomeOf, retryDelayMs } from "../../../../local/azure/event-grid/retry.ts";

test.each([
  { attempts: 1, seconds: 10 },
  { attempts: 2, seconds: 30 },
  { attempts: 3, seconds: 60 },
  { attempts: 4, seconds: 300 },
  { attempts: 9, seconds: 21_600 },
  { attempts: 10, seconds: 43_200 },
  { attempts: 29, seconds: 43_200 },
])("waits $seconds s after attempt $attempts", ({ attempts, seconds }) => {
  expect(retryDelayMs(attempts, { status: 500 }, 0)).toBe(seconds * 1000);
});

test.each([
  { status: 408, seconds: 120 },
  { status: 503, seconds: 30 },
  { status: 404, seconds: 10 },
])("waits at least $seconds s after a $status", ({ status, seconds }) => {
  expect(retryDelayMs(1, { status }, 0)).toBe(seconds * 1000);
});

test.each([
  { random: 0, ms: 10_000 },
  { random: 0.5, ms: 10_500 },
  { random: 1, ms: 11_000 },
])(
  "waits $ms ms of 10 s when chance says $random: never less, and a tenth more at most",
  ({ random, ms }) => {
    expect(retryDelayMs(1, { status: 500 }, random)).toBe(ms);
  },
);

test.each([200, 201, 202, 203, 204])("takes %i for delivered", (status) => {
  expect(isDelivered({ status })).toBe(true);
});

test.each([205, 206, 302, 404, 500])("does not take %i for delivered", (status) => {
  expect(isDelivered({ status })).toBe(false);
});

test.each([
  { status: 400, final: true, outcome: "BadRequest" },
  { status: 401, final: true, outcome: "Unauthorized" },
  { status: 403, final: true, outcome: "Forbidden" },
  { status: 413, final: true, outcome: "PayloadTooLarge" },
  { status: 404, final: false, outcome: "NotFound" },
  { status: 503, final: false, outcome: "Busy" },
])("calls $status $outcome, final: $final", ({ status, final, outcome }) => {
  expect(isFinal({ status })).toBe(final);
  expect(outcomeOf({ status })).toBe(outcome);
});
