import { EventHubProducerClient } from "@azure/event-hubs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, startBroker } from "../../../../local/azure/broker/index.ts";
import { type Clock, ManualClock, systemClock } from "../../../../local/clock.ts";
import type { RunningHost } from "../../../../local/host/index.ts";
import { until } from "../../../waiting.ts";
import { allSeen, type LogBook, logBook, saw, serve, temporaryFolder } from "../harness.ts";

const { folder, remove } = temporaryFolder();
const book: LogBook = logBook();
let broker: Broker;
let host: RunningHost;

/** Only the two readers of hubs run: the queues of the app do not exist here. */
const startReaders = (env: Record<string, string> = {}, clock: Clock = systemClock) =>
  serve("messages", {
    data: folder,
    log: book.log,
    clock,
    env: {
      Broker: broker.eventHubsConnectionString,
      ONE_QUEUE: "one",
      AzureFunctionsJobHost__functions: '["event", "events"]',
      ...env,
    },
  });

beforeAll(async () => {
  broker = await startBroker({
    port: 0,
    file: `${folder}/broker.sqlite`,
    config: { eventHubs: [{ name: "single" }, { name: "many" }] },
  });
  host = await startReaders();
});
afterAll(async () => {
  await host.stop();
  await broker.stop();
  remove();
});
beforeEach(() => void book.lines.splice(0));

async function publish(hub: string, ...bodies: unknown[]): Promise<void> {
  const producer = new EventHubProducerClient(broker.eventHubsConnectionString, hub);
  await producer.sendBatch(
    bodies.map((body) => ({ body, properties: { Source: "test" } })),
    { partitionId: "0" },
  );
  await producer.close();
}

describe("an event hub trigger", () => {
  test("runs once for each event unless cardinality is many, in order", async () => {
    await publish("single", { n: 1 }, { n: 2 });
    await until(() => allSeen(book).length === 2);
    expect(allSeen(book)).toMatchObject([{ event: { n: 1 } }, { event: { n: 2 } }]);
  });

  test("tells where an event came from", async () => {
    await publish("single", { Kind: "k" });
    expect(await saw(book)).toMatchObject({
      metadata: {
        partitionContext: { eventHubName: "single", consumerGroup: "$Default", partitionId: "0" },
        sequenceNumber: expect.any(Number),
        properties: { source: "test" },
        kind: "k",
      },
    });
  });

  test("runs once for a batch when cardinality is many", async () => {
    await publish("many", { n: 1 }, { n: 2 });
    expect(await saw(book)).toMatchObject({
      events: [{ n: 1 }, { n: 2 }],
      offsets: [expect.any(Number), expect.any(Number)],
      retryContext: { retryCount: 0, maxRetryCount: 1 },
    });
  });

  test("tries a failed batch again by its retry policy, then goes on without it", async () => {
    await publish("many", "poison");
    await until(() => allSeen(book).length === 2);
    await publish("many", "healthy");
    await until(() => allSeen(book).length === 3);
    expect(allSeen(book)).toMatchObject([
      { events: ["poison"], retryContext: { retryCount: 0 } },
      { events: ["poison"], retryContext: { retryCount: 1, exception: { message: "cannot be read" } } },
      { events: ["healthy"] },
    ]);
    const lost = book.lines.find(({ message }) => message.includes("is lost"));
    expect(lost).toMatchObject({
      level: "error",
      message:
        "Function 'events': what it failed on in partition 0 is lost: the checkpoint passes over it. The retry policy is exhausted.",
    });
  });

  test("waits for a batch of minEventBatchSize, as long as maxWaitTime", async () => {
    await host.stop();
    book.lines.splice(0);
    const prefix = "AzureFunctionsJobHost__extensions__eventHubs__";
    host = await startReaders({ [`${prefix}minEventBatchSize`]: "3", [`${prefix}maxWaitTime`]: "00:00:01" });
    await publish("many", 1, 2);
    await publish("many", 3);
    await publish("many", 4);
    await until(() => allSeen(book).length === 2);
    expect(allSeen(book)).toMatchObject([{ events: [1, 2, 3] }, { events: [4] }]);
  });

  test("waits for a batch by the host's own clock", async () => {
    await host.stop();
    book.lines.splice(0);
    const prefix = "AzureFunctionsJobHost__extensions__eventHubs__";
    const clock = new ManualClock();
    host = await startReaders(
      { [`${prefix}minEventBatchSize`]: "3", [`${prefix}maxWaitTime`]: "01:00:00" },
      clock,
    );
    await publish("many", 1);
    await until(() => clock.nextDueAt() !== undefined);
    clock.advance(3_599_999);
    expect(allSeen(book)).toEqual([]);
    clock.advance(1);
    await until(() => allSeen(book).length === 1);
    expect(allSeen(book)).toMatchObject([{ events: [1] }]);
  });

  test("tells whether a checkpoint follows, which only each second batch has at a frequency of 2", async () => {
    await host.stop();
    book.lines.splice(0);
    host = await startReaders({
      AzureFunctionsJobHost__extensions__eventHubs__batchCheckpointFrequency: "2",
    });
    for (const runs of [1, 2]) {
      await publish("single", runs);
      await until(() => allSeen(book).length === runs);
    }
    const context = (isCheckpointingAfterInvocation: boolean) => ({
      metadata: { partitionContext: { isCheckpointingAfterInvocation } },
    });
    expect(allSeen(book)).toMatchObject([context(false), context(true)]);
  });

  test("continues behind its checkpoint after a restart", async () => {
    await host.stop();
    book.lines.splice(0);
    await publish("many", "after the restart");
    host = await startReaders();
    await until(() => allSeen(book).length > 0);
    expect(allSeen(book)).toMatchObject([{ events: ["after the restart"] }]);
  });
});
