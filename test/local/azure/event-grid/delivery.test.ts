import { describe, expect, test } from "vitest";
import type { EventEffect } from "../../../../local/azure/faults/rule.ts";
import { eventually } from "../../../waiting.ts";
import { GridFixture, registered, TOPIC, WORKSPACE } from "./grid-fixture.ts";

const at = new GridFixture();

const idOf = (body: unknown) => (body as { id: string }[])[0]?.id;

describe("a delivery", () => {
  test("is an array of one event in the Event Grid schema, with the documented headers", async () => {
    await at.subscribe();
    at.grid.raise(registered);
    const [delivered] = await at.hook.until(1);
    expect(delivered?.body).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        topic: WORKSPACE,
        subject: "models/weather:7",
        eventType: "Microsoft.MachineLearningServices.ModelRegistered",
        eventTime: "2026-01-01T00:00:00.000Z",
        data: { ModelName: "weather", ModelVersion: 7 },
        dataVersion: "",
        metadataVersion: "1",
      },
    ]);
    expect(delivered?.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "aeg-event-type": "Notification",
      "aeg-subscription-name": "model-events",
      "aeg-delivery-count": "0",
      "aeg-metadata-version": "1",
      "aeg-output-event-id": idOf(delivered?.body),
    });
    await eventually(() =>
      expect(at.grid.service.stats?.()).toMatchObject({ eventsRaised: 1, eventsDelivered: 1 }),
    );
  });

  test("is in the CloudEvents schema when that was asked for", async () => {
    await at.subscribe({ eventDeliverySchema: "CloudEventSchemaV1_0" });
    at.grid.raise({ ...registered, eventTime: "2026-01-01T00:00:00.1234567Z" });
    const [delivered] = await at.hook.until(1);
    expect(delivered?.headers["content-type"]).toBe("application/cloudevents-batch+json; charset=utf-8");
    expect(delivered?.body).toEqual([
      {
        id: expect.any(String),
        source: WORKSPACE,
        subject: "models/weather:7",
        type: "Microsoft.MachineLearningServices.ModelRegistered",
        time: "2026-01-01T00:00:00.1234567Z",
        data: { ModelName: "weather", ModelVersion: 7 },
        specversion: "1.0",
      },
    ]);
  });

  test("is made only of what the filter lets through, names compared without case", async () => {
    await at.subscribe({
      filter: {
        includedEventTypes: ["microsoft.machinelearningservices.MODELREGISTERED"],
        subjectBeginsWith: "Models/Weather",
      },
    });
    at.grid.raise({ ...registered, eventType: "Microsoft.MachineLearningServices.RunCompleted" });
    at.grid.raise({ ...registered, subject: "models/other:1" });
    at.grid.raise({ ...registered, topic: `${WORKSPACE}2` });
    at.grid.raise({ ...registered, topic: WORKSPACE.toUpperCase() });
    await at.hook.until(1);
    await eventually(() =>
      expect(at.grid.service.stats?.()).toMatchObject({ eventsRaised: 4, eventsDelivered: 1 }),
    );
    expect(at.hook.notifications).toHaveLength(1);
  });

  test("reaches a subscription of a system topic by the topic's source", async () => {
    await at.call("PUT", TOPIC, {
      location: "westeurope",
      properties: { source: WORKSPACE, topicType: "Microsoft.MachineLearningServices.Workspaces" },
    });
    await at.subscribe({}, `${TOPIC}/eventSubscriptions/model-events`);
    at.grid.raise(registered);
    expect(await at.hook.until(1)).toHaveLength(1);
  });

  test("is repeated on the schedule, with the same id and a growing count", async () => {
    await at.subscribe();
    at.hook.statuses = [500, 404];
    at.grid.raise(registered);
    await at.hook.until(1);
    for (const [count, waitMs] of [
      [2, 10_000],
      [3, 30_000],
    ] as const) {
      await at.untilPostponed(count - 1, waitMs / 1000);
      at.clock.advance(waitMs - 1);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(at.hook.notifications).toHaveLength(count - 1);
      at.clock.advance(1);
      await at.hook.until(count);
    }
    expect(at.hook.notifications.map(({ headers }) => headers["aeg-delivery-count"])).toEqual([
      "0",
      "1",
      "2",
    ]);
    const ids = at.hook.notifications.map(({ headers }) => headers["aeg-output-event-id"]);
    expect(new Set(ids).size).toBe(1);
    await eventually(() =>
      expect(at.grid.service.stats?.()).toMatchObject({ eventsDelivered: 1, eventsDeadLettered: 0 }),
    );
  });

  test("is made after a restart when the endpoint was down before it", async () => {
    await at.subscribe();
    const { port } = at.hook;
    await at.hook.stop();
    at.grid.raise(registered);
    await at.grid.service.stop?.();
    await at.hookAt(port);
    at.open();
    at.clock.advance(30_000);
    expect(await at.hook.until(1)).toHaveLength(1);
  });

  test("of 200 events loses none and repeats none", async () => {
    await at.subscribe();
    for (let n = 0; n < 200; n++) at.grid.raise({ ...registered, subject: `models/weather:${n}` });
    await at.hook.until(200);
    await eventually(() => expect(at.grid.service.stats?.()).toMatchObject({ eventsDelivered: 200 }));
    const subjects = at.hook.notifications.map(({ body }) => (body as { subject: string }[])[0]?.subject);
    expect(new Set(subjects).size).toBe(200);
    expect(subjects).toHaveLength(200);
  });
});

describe("a batch", () => {
  const batching = (more: Record<string, unknown>) => ({
    destination: {
      endpointType: "WebHook",
      properties: { endpointUrl: `http://127.0.0.1:${at.hook.port}/hook`, ...more },
    },
  });
  const subjectsOf = (body: unknown) => (body as { subject: string }[]).map(({ subject }) => subject);

  test("holds up to maxEventsPerBatch events", async () => {
    await at.subscribe(batching({ maxEventsPerBatch: 3 }));
    for (let n = 1; n <= 4; n += 1) at.grid.raise({ ...registered, subject: `models/weather:${n}` });
    const delivered = await at.hook.until(2);
    expect(delivered.map(({ body }) => subjectsOf(body))).toEqual([
      ["models/weather:1", "models/weather:2", "models/weather:3"],
      ["models/weather:4"],
    ]);
    expect(delivered[0]?.headers["aeg-output-event-id"]).toBeUndefined();
  });

  test("is not larger than the preferred size, unless one event is", async () => {
    await at.subscribe(batching({ maxEventsPerBatch: 10, preferredBatchSizeInKilobytes: 1 }));
    for (const length of [400, 400, 2_000]) {
      at.grid.raise({ ...registered, subject: `${length}`, data: { text: "x".repeat(length - 300) } });
    }
    const delivered = await at.hook.until(2);
    expect(delivered.map(({ body }) => subjectsOf(body))).toEqual([["400", "400"], ["2000"]]);
  });

  test("is retried as a whole when it is refused", async () => {
    await at.subscribe(batching({ maxEventsPerBatch: 3 }));
    at.hook.statuses = [500];
    for (let n = 1; n <= 2; n += 1) at.grid.raise({ ...registered, subject: `models/weather:${n}` });
    await at.hook.until(1);
    await at.untilPostponed(2, 10);
    at.clock.advance(10_000);
    const [, again] = await at.hook.until(2);
    expect(subjectsOf(again?.body)).toEqual(["models/weather:1", "models/weather:2"]);
    expect(again?.headers["aeg-delivery-count"]).toBe("1");
  });
});

describe("an event that a fault strikes", () => {
  const subjects = () => at.hook.notifications.map(({ body }) => (body as { subject: string }[])[0]?.subject);
  async function subscribed(effect: EventEffect): Promise<void> {
    await at.grid.service.stop?.();
    const effects = [effect];
    at.open({ strike: () => effects.shift() });
    await at.subscribe();
  }

  test("comes twice, with the same id", async () => {
    await subscribed("twice");
    at.grid.raise(registered);
    const [first, second] = await at.hook.until(2);
    expect(idOf(first?.body)).toBe(idOf(second?.body));
    await eventually(() => expect(at.grid.service.stats?.()).toMatchObject({ eventsDelivered: 1 }));
  });

  test("comes late, with the time at which it was raised", async () => {
    await subscribed({ lateMs: 5_000 });
    at.grid.raise(registered);
    at.grid.raise({ ...registered, subject: "models/weather:8" });
    await at.hook.until(1);
    expect(subjects()).toEqual(["models/weather:8"]);
    at.clock.advance(5_000);
    const [, late] = await at.hook.until(2);
    expect(late?.body).toMatchObject([
      { subject: "models/weather:7", eventTime: "2026-01-01T00:00:00.000Z" },
    ]);
  });

  test("comes after the one that was raised after it", async () => {
    await subscribed("out-of-order");
    at.grid.raise(registered);
    await new Promise((resolve) => setImmediate(resolve));
    at.grid.raise({ ...registered, subject: "models/weather:8" });
    await at.hook.until(2);
    expect(subjects()).toEqual(["models/weather:8", "models/weather:7"]);
  });

  test("comes after 30 s when nothing overtakes it", async () => {
    await subscribed("out-of-order");
    at.grid.raise(registered);
    at.clock.advance(30_000);
    expect(await at.hook.until(1)).toHaveLength(1);
  });
});

describe("a system topic", () => {
  test("carries the events of its own type alone, where several types share a subscription", async () => {
    const source = "/subscriptions/s1";
    await at.call("PUT", TOPIC, {
      location: "global",
      properties: { source, topicType: "Microsoft.PolicyInsights.PolicyStates" },
    });
    await at.subscribe({}, `${TOPIC}/eventSubscriptions/policy-states`);
    const eventType = "Microsoft.ResourceNotifications.HealthResources.AvailabilityStatusChanged";
    at.grid.raise({ topic: source, subject: "vm", eventType, data: {}, dataVersion: "1" });
    const policy = "Microsoft.PolicyInsights.PolicyStateChanged";
    at.grid.raise({ topic: source, subject: "vm", eventType: policy, data: {}, dataVersion: "1" });
    const [delivered] = await at.hook.until(1);
    expect(delivered?.body).toMatchObject([{ eventType: policy, dataVersion: "1" }]);
    expect(delivered?.headers["aeg-data-version"]).toBe("1");
    await eventually(() => expect(at.grid.service.stats?.()).toMatchObject({ eventsDelivered: 1 }));
    expect(at.hook.notifications).toHaveLength(1);
  });
});
