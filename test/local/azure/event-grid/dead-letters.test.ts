import { describe, expect, test } from "vitest";
import { eventually } from "../../../waiting.ts";
import { GridFixture, registered, SUBSCRIPTION, WORKSPACE } from "./grid-fixture.ts";

const at = new GridFixture();

describe("a dead letter", () => {
  test.each([
    { status: 400, outcome: "BadRequest" },
    { status: 401, outcome: "Unauthorized" },
    { status: 403, outcome: "Forbidden" },
    { status: 413, outcome: "PayloadTooLarge" },
  ])("is written at once after a $status", async ({ status, outcome }) => {
    await at.subscribe();
    at.hook.statuses = [status];
    at.grid.raise(registered);
    await eventually(async () => expect(await at.deadLetters()).toHaveLength(1));
    const [letter] = await at.deadLetters();
    expect(letter).toMatchObject({
      subscription: SUBSCRIPTION,
      event: {
        topic: WORKSPACE,
        deadLetterReason: expect.any(String),
        deliveryAttempts: 1,
        lastDeliveryOutcome: outcome,
        publishTime: "2026-01-01T00:00:00.000Z",
        lastDeliveryAttemptTime: "2026-01-01T00:00:00.000Z",
      },
    });
    expect(at.grid.service.stats?.()).toEqual({ eventsRaised: 1, eventsDelivered: 0, eventsDeadLettered: 1 });
  });

  test("is written when the attempts are used up, in lower case for CloudEvents", async () => {
    await at.subscribe({
      eventDeliverySchema: "CloudEventSchemaV1_0",
      retryPolicy: { maxDeliveryAttempts: 2 },
    });
    at.hook.statuses = [500, 500];
    at.grid.raise(registered);
    await at.hook.until(1);
    await at.untilPostponed(1, 10);
    at.clock.advance(10_000);
    await eventually(async () => expect(await at.deadLetters()).toHaveLength(1));
    expect((await at.deadLetters())[0]?.event).toMatchObject({
      deadletterreason: "MaxDeliveryAttemptsExceeded",
      deliveryattempts: 2,
      specversion: "1.0",
    });
  });

  test("is written when the time to live is over at the next attempt", async () => {
    await at.subscribe({ retryPolicy: { eventTimeToLiveInMinutes: 1 } });
    at.hook.statuses = [500, 500, 500];
    at.grid.raise(registered);
    for (const [count, waitMs] of [
      [1, 10_000],
      [2, 30_000],
      [3, 60_000],
    ] as const) {
      await at.hook.until(count);
      await at.untilPostponed(count, waitMs / 1000);
      at.clock.advance(waitMs);
    }
    await eventually(async () => expect(await at.deadLetters()).toHaveLength(1));
    expect((await at.deadLetters())[0]?.event).toMatchObject({
      deadLetterReason: "TimeToLiveExceeded",
      deliveryAttempts: 3,
    });
    expect(at.hook.notifications).toHaveLength(3);
  });
});
