import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { holdMs } from "../../../../local/azure/event-grid/probation.ts";
import { DEVELOPMENT_ACCOUNT } from "../../../../local/azure/storage/index.ts";
import { eventually } from "../../../waiting.ts";
import { GridFixture, registered } from "./grid-fixture.ts";

const at = new GridFixture();
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Lets requests that are under way come to their end; there is nothing to wait for when none was sent. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
const raise = (n: number) => at.grid.raise({ ...registered, subject: `models/weather:${n}` });
const subjects = () => at.hook.notifications.map(({ body }) => (body as { subject: string }[])[0]?.subject);

describe("an endpoint that fails ten times in a row", () => {
  /** Ten events that are answered with `status`, and the line that tells of the probation. */
  async function failTenTimes(status: number): Promise<string | undefined> {
    at.hook.statuses = Array.from({ length: 10 }, () => status);
    for (let n = 1; n <= 10; n += 1) raise(n);
    await at.hook.until(10);
    await eventually(() => expect(at.logged.filter((line) => !line.includes("probation"))).toHaveLength(10));
    return at.logged.find((line) => line.includes("probation"));
  }

  test.each([
    { status: 503, says: "on probation for 10 s, Busy" },
    { status: 404, says: "on probation for 300 s, NotFound" },
    { status: 403, says: "on probation for 300 s, Forbidden" },
    { status: 500, says: "on probation for 10 s, Aborted" },
  ])("by $status is $says", async ({ status, says }) => {
    await at.subscribe();
    expect(await failTenTimes(status)).toBe(`model-events: ${says}`);
  });

  test("is sent neither retries nor new events until its probation is over, and then all of them", async () => {
    await at.subscribe();
    await failTenTimes(404);
    raise(11);
    // Each of the ten is to be retried after 10 s.
    at.clock.advance(5 * MINUTE - 1);
    await settle();
    expect(at.hook.notifications).toHaveLength(10);
    at.clock.advance(1);
    await at.hook.until(21);
    await eventually(() =>
      expect(at.grid.service.stats?.()).toMatchObject({ eventsDelivered: 11, eventsDeadLettered: 0 }),
    );
    expect(new Set(subjects().slice(10)).size).toBe(11);
    // It took an event: the next failure is the first again.
    at.hook.statuses = [404];
    raise(12);
    await eventually(() =>
      expect(at.logged.filter((line) => line.endsWith("again in 10 s"))).toHaveLength(11),
    );
    at.clock.advance(10 * SECOND);
    await at.hook.until(23);
  });

  test("stays on probation over a restart, and longer after each further failure", async () => {
    await at.subscribe();
    await failTenTimes(404);
    await at.grid.service.stop?.();
    at.open();
    at.clock.advance(5 * MINUTE - 1);
    await settle();
    expect(at.hook.notifications).toHaveLength(10);
    at.hook.statuses = Array.from({ length: 10 }, () => 404);
    at.clock.advance(1);
    await at.hook.until(20);
    await eventually(() => expect(at.logged).toContain("model-events: on probation for 600 s, NotFound"));
  });

  test("loses an event that outlives its time on probation, as one that was never tried", async () => {
    await at.subscribe({ retryPolicy: { eventTimeToLiveInMinutes: 4 } });
    await failTenTimes(404);
    raise(11);
    at.clock.advance(5 * MINUTE);
    await eventually(async () => expect(await at.deadLetters()).toHaveLength(11));
    const letters = await at.deadLetters();
    expect(letters.find(({ event }) => event.subject === "models/weather:11")?.event).toMatchObject({
      deadLetterReason: "TimeToLiveExceeded",
      deliveryAttempts: 0,
      lastDeliveryOutcome: "Probation",
    });
    expect(letters.find(({ event }) => event.subject === "models/weather:1")?.event).toMatchObject({
      deliveryAttempts: 1,
      lastDeliveryOutcome: "NotFound",
    });
    expect(at.hook.notifications).toHaveLength(10);
  });

  test("is not held back for events that it refuses by themselves", async () => {
    await at.subscribe();
    expect(await failTenTimes(400)).toBeUndefined();
    raise(11);
    await at.hook.until(11);
  });
});

test.each([
  { outcome: "SocketError", holds: 0, ms: 30 * SECOND },
  { outcome: "TimedOut", holds: 3, ms: 80 * SECOND },
  { outcome: "NotFound", holds: 5, ms: 2 * HOUR },
  { outcome: "Aborted", holds: 1_000, ms: 2 * HOUR },
])("after $holds probations, $outcome is one of $ms ms", ({ outcome, holds, ms }) => {
  expect(holdMs(outcome, holds)).toBe(ms);
});

describe("a wait", () => {
  test("is a little longer than the schedule's, by chance", async () => {
    await at.grid.service.stop?.();
    at.open({ random: () => 0.5 });
    await at.subscribe();
    at.hook.statuses = [500];
    raise(1);
    await at.untilPostponed(1, 10.5);
    at.clock.advance(10_499);
    await settle();
    expect(at.hook.notifications).toHaveLength(1);
    at.clock.advance(1);
    await at.hook.until(2);
  });
});

describe("an event's time to live", () => {
  test.each([
    { minutes: 1, waits: [10, 30, 60], attempts: 3 },
    { minutes: 10, waits: [10, 30, 60, 300, 600], attempts: 5 },
    // 10 s to 6 h are 38,800 s: with 12 h more that is within the day, with 24 h it is not.
    {
      minutes: 1_440,
      waits: [10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 43_200],
      attempts: 11,
    },
  ])("of $minutes minutes is over after $attempts attempts", async ({ minutes, waits, attempts }) => {
    await at.subscribe({ retryPolicy: { eventTimeToLiveInMinutes: minutes } });
    at.hook.statuses = Array.from({ length: attempts }, () => 500);
    raise(1);
    for (const [index, seconds] of waits.entries()) {
      await at.hook.until(index + 1);
      await eventually(() => {
        const postponed = at.logged.filter((line) => line.includes("again in"));
        expect(postponed).toHaveLength(index + 1);
        expect(postponed.at(-1)).toContain(`again in ${seconds} s`);
      });
      at.clock.advance(seconds * SECOND);
    }
    await eventually(async () => expect(await at.deadLetters()).toHaveLength(1));
    expect((await at.deadLetters())[0]?.event).toMatchObject({
      deadLetterReason: "TimeToLiveExceeded",
      deliveryAttempts: attempts,
      lastDeliveryOutcome: "Aborted",
    });
    expect(at.hook.notifications).toHaveLength(attempts);
  });
});

describe("a dead letter's container", () => {
  const written: string[] = [];
  let failure: Error | undefined;
  const deadLetterDestination = {
    endpointType: "StorageBlob",
    properties: {
      resourceId: `/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${DEVELOPMENT_ACCOUNT}`,
      blobContainerName: "deadletters",
    },
  };

  beforeEach(async () => {
    written.length = 0;
    await at.grid.service.stop?.();
    at.open({
      writeBlob: async (_, name) => {
        if (failure) throw failure;
        written.push(name);
      },
    });
    await at.subscribe({ deadLetterDestination });
    at.hook.statuses = [400];
    raise(1);
    await eventually(async () => expect(await at.deadLetters()).toHaveLength(1));
  });
  afterEach(() => {
    failure = undefined;
  });
  /** Moves on in steps, so that what each attempt leads to is known before the next. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= MINUTE) {
      at.clock.advance(Math.min(MINUTE, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settle();
  }

  test("gets it five minutes after the last attempt", async () => {
    await pass(5 * MINUTE - 1);
    expect(written).toEqual([]);
    await pass(1);
    expect(written).toHaveLength(1);
  });

  test("that does not answer for less than four hours gets it then", async () => {
    failure = new Error("storage does not answer");
    await pass(4 * HOUR - MINUTE);
    expect(at.logged.some((line) => line.includes("dropped"))).toBe(false);
    failure = undefined;
    await pass(2 * MINUTE);
    expect(written).toHaveLength(1);
  });

  test("that does not answer for four hours never gets it", async () => {
    failure = new Error("storage does not answer");
    await pass(4 * HOUR);
    expect(at.logged.at(-1)).toContain("and 1 were dropped: Error: storage does not answer");
    failure = undefined;
    await pass(HOUR);
    expect(written).toEqual([]);
  });

  test("that is not there loses it at once", async () => {
    failure = Object.assign(new Error("The specified container does not exist."), { statusCode: 404 });
    await pass(5 * MINUTE);
    expect(at.logged.at(-1)).toContain("and 1 were dropped");
    failure = undefined;
    await pass(HOUR);
    expect(written).toEqual([]);
  });
});
