import {
  type EventData,
  EventHubConsumerClient,
  EventHubProducerClient,
  type EventPosition,
  earliestEventPosition,
  latestEventPosition,
  type ReceivedEventData,
  type SubscribeOptions,
} from "@azure/event-hubs";
import { expect, onTestFinished, test } from "vitest";
import type { Broker } from "../../../../local/azure/broker/index.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { retryOptions, start } from "./broker-fixture.ts";

const HUB = { name: "scores", partitionCount: 2, consumerGroups: ["drift"] };

function produce(broker: Broker, hub = "scores"): EventHubProducerClient {
  const client = new EventHubProducerClient(broker.eventHubsConnectionString, hub, { retryOptions });
  onTestFinished(() => client.close());
  return client;
}

function consumer(broker: Broker, group = "$Default", hub = "scores"): EventHubConsumerClient {
  const client = new EventHubConsumerClient(group, broker.eventHubsConnectionString, hub, { retryOptions });
  onTestFinished(() => client.close());
  return client;
}

/** Collects the events of a partition from a position on. */
function collect(client: EventHubConsumerClient, partition: string, options: SubscribeOptions) {
  const events: ReceivedEventData[] = [];
  const errors: string[] = [];
  const lastEnqueued: (string | undefined)[] = [];
  client.subscribe(
    partition,
    {
      processEvents: async (received, context) => {
        events.push(...received);
        lastEnqueued.push(context.lastEnqueuedEventProperties?.offset);
      },
      processError: async (error) => void errors.push("code" in error ? String(error.code) : error.name),
    },
    { maxWaitTimeInSeconds: 1, ...options },
  );
  return { events, errors, lastEnqueued };
}

const numbers = (from: number, count: number): EventData[] =>
  Array.from({ length: count }, (_, index) => ({ body: from + index }));

test("a hub and its partitions describe themselves", async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const broker = await start({ eventHubs: [HUB] }, { clock });
  const producer = produce(broker);
  expect(await producer.getEventHubProperties()).toMatchObject({
    name: "scores",
    createdOn: new Date(Date.UTC(2026, 0, 1)),
    partitionIds: ["0", "1"],
  });
  expect(await producer.getPartitionProperties("1")).toMatchObject({
    isEmpty: true,
    lastEnqueuedSequenceNumber: -1,
  });
  await producer.sendBatch(numbers(0, 3), { partitionId: "1" });
  expect(await producer.getPartitionProperties("1")).toEqual({
    eventHubName: "scores",
    partitionId: "1",
    beginningSequenceNumber: 0,
    lastEnqueuedSequenceNumber: 2,
    lastEnqueuedOffset: "2",
    lastEnqueuedOnUtc: new Date(Date.UTC(2026, 0, 1)),
    isEmpty: false,
  });
});

test("events keep their body, properties, key and order", async () => {
  const broker = await start({ eventHubs: [HUB] });
  const producer = produce(broker);
  const batch = await producer.createBatch({ partitionId: "0" });
  expect(batch.maxSizeInBytes).toBe(1_048_576);
  batch.tryAdd({
    body: { share: 0.5 },
    properties: { model: "weather", version: 3 },
    contentType: "application/json",
  });
  await producer.sendBatch(batch);
  await producer.sendBatch([{ body: "second" }], { partitionId: "0" });
  const { events } = collect(consumer(broker), "0", { startPosition: earliestEventPosition });
  await expect.poll(() => events.length).toBe(2);
  expect(events[0]).toMatchObject({
    body: { share: 0.5 },
    properties: { model: "weather", version: 3 },
    contentType: "application/json",
    sequenceNumber: 0,
    offset: "0",
  });
  expect(events[1]).toMatchObject({ body: "second", sequenceNumber: 1 });
});

test("events with one key share a partition", async () => {
  const broker = await start({ eventHubs: [HUB] });
  const producer = produce(broker);
  for (let i = 0; i < 4; i++) await producer.sendBatch([{ body: i }], { partitionKey: "tenant-7" });
  const sizes = await Promise.all(["0", "1"].map((id) => producer.getPartitionProperties(id)));
  expect(sizes.map((each) => each.lastEnqueuedSequenceNumber).sort()).toEqual([-1, 3]);
  const client = consumer(broker);
  const first = collect(client, "0", { startPosition: earliestEventPosition });
  const second = collect(client, "1", { startPosition: earliestEventPosition });
  await expect.poll(() => first.events.length + second.events.length).toBe(4);
  expect([...first.events, ...second.events].map((event) => event.partitionKey)).toEqual(
    Array(4).fill("tenant-7"),
  );
});

test("transfers without a key take the partitions in turn", async () => {
  const broker = await start({ eventHubs: [HUB] });
  const producer = produce(broker);
  for (let i = 0; i < 4; i++) await producer.sendBatch([{ body: i }]);
  const sizes = await Promise.all(["0", "1"].map((id) => producer.getPartitionProperties(id)));
  expect(sizes.map((each) => each.lastEnqueuedSequenceNumber)).toEqual([1, 1]);
});

test.each<{ from: string; startPosition: EventPosition; expected: number[] }>([
  { from: "the start", startPosition: earliestEventPosition, expected: [0, 1, 2, 3, 9] },
  { from: "the end", startPosition: latestEventPosition, expected: [9] },
  { from: "after offset 1", startPosition: { offset: "1" }, expected: [2, 3, 9] },
  { from: "offset 1 itself", startPosition: { offset: "1", isInclusive: true }, expected: [1, 2, 3, 9] },
  { from: "after number 2", startPosition: { sequenceNumber: 2 }, expected: [3, 9] },
  { from: "number 2 itself", startPosition: { sequenceNumber: 2, isInclusive: true }, expected: [2, 3, 9] },
  {
    from: "after the first two's time",
    startPosition: { enqueuedOn: Date.UTC(2026, 0, 1) },
    expected: [2, 3, 9],
  },
])("reading begins at $from", async ({ startPosition, expected }) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const broker = await start({ eventHubs: [HUB] }, { clock });
  const producer = produce(broker);
  await producer.sendBatch(numbers(0, 2), { partitionId: "0" });
  clock.advance(1000);
  await producer.sendBatch(numbers(2, 2), { partitionId: "0" });
  const { events, lastEnqueued } = collect(consumer(broker), "0", { startPosition });
  // The first batch, even an empty one, comes once the link is there: the end is that of this moment.
  await expect.poll(() => lastEnqueued.length).toBeGreaterThan(0);
  await producer.sendBatch([{ body: 9 }], { partitionId: "0" });
  await expect.poll(() => events.map((event) => event.body)).toEqual(expected);
});

test("each consumer group reads everything, and an unknown one is refused", async () => {
  const broker = await start({ eventHubs: [HUB] });
  await produce(broker).sendBatch(numbers(0, 2), { partitionId: "0" });
  const known = ["$Default", "Drift"].map((group) =>
    collect(consumer(broker, group), "0", { startPosition: earliestEventPosition }),
  );
  const unknown = collect(consumer(broker, "nobody"), "0", { startPosition: earliestEventPosition });
  await expect.poll(() => known.map(({ events }) => events.length)).toEqual([2, 2]);
  await expect.poll(() => unknown.errors).toContain("MessagingEntityNotFoundError");
});

test("a reader with a higher owner level sends the one before it away, and a lower one is refused", async () => {
  const broker = await start({ eventHubs: [HUB] });
  await produce(broker).sendBatch(numbers(0, 1), { partitionId: "0" });
  const options = { startPosition: earliestEventPosition };
  const first = collect(consumer(broker), "0", { ...options, ownerLevel: 1 });
  await expect.poll(() => first.events.length).toBe(1);
  const second = collect(consumer(broker), "0", { ...options, ownerLevel: 2 });
  await expect.poll(() => first.errors).toContain("ReceiverDisconnectedError");
  await expect.poll(() => second.events.length).toBe(1);
  const third = collect(consumer(broker), "0", { ...options, ownerLevel: 1 });
  await expect.poll(() => third.errors).toContain("ReceiverDisconnectedError");
  expect(second.errors).toEqual([]);
});

test("a reader that asks for it is told the end of its partition", async () => {
  const broker = await start({ eventHubs: [HUB] });
  await produce(broker).sendBatch(numbers(0, 3), { partitionId: "0" });
  const options = { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true };
  const { lastEnqueued } = collect(consumer(broker), "0", options);
  await expect.poll(() => lastEnqueued[0]).toBe("2");
});

test("an unknown hub is named in the error", async () => {
  const broker = await start({ eventHubs: [HUB] });
  await expect(produce(broker, "nowhere").getEventHubProperties()).rejects.toThrow(
    "'nowhere' could not be found",
  );
  await expect(produce(broker, "nowhere").sendBatch([{ body: 1 }])).rejects.toMatchObject({
    code: "MessagingEntityNotFoundError",
  });
});

test("four thousand events of one partition are read in order", async () => {
  const broker = await start({ eventHubs: [HUB] });
  const producer = produce(broker);
  for (let from = 0; from < 4000; from += 500)
    await producer.sendBatch(numbers(from, 500), { partitionId: "0" });
  const { events } = collect(consumer(broker), "0", {
    startPosition: earliestEventPosition,
    maxBatchSize: 500,
  });
  await expect.poll(() => events.length).toBe(4000);
  expect(events.map((event) => event.body)).toEqual(Array.from({ length: 4000 }, (_, index) => index));
});
