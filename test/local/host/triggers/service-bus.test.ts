import { ServiceBusClient, type ServiceBusMessage } from "@azure/service-bus";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Broker, startBroker } from "../../../../local/azure/broker/index.ts";
import { ManualClock } from "../../../../local/clock.ts";
import type { RunningHost } from "../../../../local/host/index.ts";
import { readHostJson } from "../../../../local/host/settings/host-json.ts";
import { receiveBatch } from "../../../../local/host/triggers/service-bus-batch.ts";
import { until } from "../../../waiting.ts";
import { allSeen, appFolder, type LogBook, logBook, saw, serve, temporaryFolder } from "../harness.ts";

const { folder, remove } = temporaryFolder();
const book: LogBook = logBook();
let broker: Broker;
let client: ServiceBusClient;
let host: RunningHost;

beforeAll(async () => {
  const plain = ["one", "flaky", "bytes", "batch", "forward", "spare"].map((name) => ({ name }));
  broker = await startBroker({
    port: 0,
    file: `${folder}/broker.sqlite`,
    config: {
      queues: [
        ...plain,
        { name: "poisoned", properties: { MaxDeliveryCount: 2 } },
        { name: "unsettled", properties: { LockDuration: "PT1S", MaxDeliveryCount: 2 } },
        { name: "ordered", properties: { RequiresSession: true } },
      ],
      topics: [{ name: "news", subscriptions: [{ name: "all" }] }],
      eventHubs: [
        { name: "single", partitionCount: 1 },
        { name: "many", partitionCount: 1 },
      ],
    },
  });
  const env = { Broker: broker.serviceBusConnectionString, ONE_QUEUE: "one" };
  host = await serve("messages", { data: folder, env, log: book.log });
  client = new ServiceBusClient(broker.serviceBusConnectionString);
});
afterAll(async () => {
  await host.stop();
  await client.close();
  await broker.stop();
  remove();
});
beforeEach(() => void book.lines.splice(0));

const send = (entity: string, ...messages: ServiceBusMessage[]) =>
  client.createSender(entity).sendMessages(messages);

describe("a queue trigger", () => {
  test("receives a JSON body parsed, from the queue a setting names", async () => {
    await send("one", { body: { OrderId: 7 } });
    expect(await saw(book)).toMatchObject({ message: { OrderId: 7 }, type: "object" });
  });

  test("receives a body that looks like a number as a number", async () => {
    await send("one", { body: Buffer.from("123") });
    expect(await saw(book)).toMatchObject({ message: 123, type: "number" });
  });

  test("receives a body that is not JSON as text", async () => {
    await send("one", { body: Buffer.from("plain words") });
    expect(await saw(book)).toMatchObject({ message: "plain words", type: "string" });
  });

  test("tells the metadata of the message, with keys' first letters lowered", async () => {
    await send("one", {
      body: { OrderId: 7, lines: [1] },
      messageId: "m-1",
      subject: "order",
      correlationId: "c-1",
      applicationProperties: { "X-Tenant": "t" },
    });
    const { metadata } = (await saw(book)) as { metadata: Record<string, unknown> };
    expect(metadata).toMatchObject({
      messageId: "m-1",
      deliveryCount: 1,
      subject: "order",
      label: "order",
      correlationId: "c-1",
      applicationProperties: { "x-Tenant": "t" },
      userProperties: { "x-Tenant": "t" },
      orderId: 7,
    });
    expect(metadata.lockToken).toMatch(/^[\da-f-]{36}$/);
    expect(metadata.sequenceNumber).toEqual(expect.any(Number));
    expect(metadata.enqueuedTimeUtc).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/);
    expect(metadata.enqueuedTime).toMatch(/\+00:00$/);
    expect(metadata).not.toHaveProperty("lines");
    expect(metadata).not.toHaveProperty("sessionId");
  });

  test("reads a numeric message id as a number, as the real host's worker does", async () => {
    await send("one", { body: "x", messageId: "42" });
    expect(await saw(book)).toMatchObject({ metadata: { messageId: 42 } });
  });

  test("removes a message whose function succeeded", async () => {
    await send("one", { body: "done", messageId: "gone" });
    await book.until("Executed 'Functions.one' (Succeeded");
    const receiver = client.createReceiver("one");
    await expect.poll(() => receiver.peekMessages(10)).toEqual([]);
  });

  test("delivers a failed message again at once, counting", async () => {
    await send("flaky", { body: "try" });
    await book.until("Executed 'Functions.flaky' (Succeeded");
    expect(allSeen(book)).toEqual([1, 2, 3].map((deliveryCount) => ({ message: "try", deliveryCount })));
  });

  test("leaves a message that always fails to the dead-letter queue", async () => {
    await send("poisoned", { body: "bad" });
    const receiver = client.createReceiver("poisoned", { subQueueType: "deadLetter" });
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 4000 });
    expect(message?.deadLetterReason).toBe("MaxDeliveryCountExceeded");
    if (message) await receiver.completeMessage(message);
    expect(
      book.lines.filter((line) => line.message.startsWith("Executing 'Functions.poisoned'")),
    ).toHaveLength(2);
  });

  test("keeps a message locked while its function runs, and no longer, when nothing settles it", async () => {
    await send("unsettled", { body: "u" });
    const warned = await book.until("nothing settled message");
    expect(warned).toMatch(/^Function 'unsettled': autoCompleteMessages is false, .+ when its lock ends\.$/);
    // the run outlasts the lock, which is renewed meanwhile
    expect(allSeen(book)).toEqual([{ message: "u", deliveryCount: 1 }]);
    await until(() => allSeen(book).length === 2);
    expect(allSeen(book)[1]).toEqual({ message: "u", deliveryCount: 2 });
  });

  test("receives bytes when dataType is binary", async () => {
    await send("bytes", { body: Buffer.from([0, 255]) });
    expect(await saw(book)).toEqual([0, 255]);
  });
});

describe("a batch trigger", () => {
  test("receives an array and the metadata of all as arrays", async () => {
    await send("batch", { body: { n: 1 }, messageId: "a" }, { body: { n: 2 }, messageId: "b" });
    expect(await saw(book)).toEqual({ messages: [{ n: 1 }, { n: 2 }], ids: ["a", "b"], counts: [1, 1] });
  });

  test("fails before the handler when a body is not JSON", async () => {
    await send("batch", { body: Buffer.from("no json"), messageId: "a" });
    expect(await book.until("is not JSON")).toContain("Function 'batch'");
    expect(allSeen(book)).toEqual([]);
    const receiver = client.createReceiver("batch");
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 4000 });
    if (message) await receiver.deadLetterMessage(message);
  });
});

test("locks are renewed by the host's own clock", async () => {
  const clock = new ManualClock();
  const other = await startBroker({
    port: 0,
    file: `${folder}/clocked.sqlite`,
    clock,
    config: { queues: [{ name: "unsettled", properties: { LockDuration: "PT1M" } }] },
  });
  const env = {
    Broker: other.serviceBusConnectionString,
    AzureFunctionsJobHost__functions: '["unsettled"]',
  };
  const served = await serve("messages", { data: `${folder}/clocked`, env, clock, log: book.log });
  const sender = new ServiceBusClient(other.serviceBusConnectionString);
  await sender.createSender("unsettled").sendMessages({ body: "u" });
  await saw(book);
  for (let renewals = 0; renewals < 3; renewals += 1) {
    await until(() => clock.nextDueAt() === clock.now() + 30_000);
    clock.advance(31_000);
  }
  expect(allSeen(book)).toEqual([{ message: "u", deliveryCount: 1 }]);
  await sender.close();
  await served.stop();
  await other.stop();
});

test("a batch waits for its least size, as long as the longest wait, and takes no more than its most", async () => {
  const { serviceBus } = readHostJson(appFolder("messages"), {}).extensions;
  const options = { ...serviceBus, minMessageBatchSize: 2, maxMessageBatchSize: 2, maxBatchWaitTime: 3000 };
  const receiver = client.createReceiver("spare", { receiveMode: "receiveAndDelete" });
  const receives = vi.spyOn(receiver, "receiveMessages");
  const batch = receiveBatch(receiver, options, 5000, new AbortController().signal);
  await send("spare", { body: 1 });
  // the first receive ends with one message a second later, and is followed by another
  await until(() => receives.mock.calls.length === 2);
  await send("spare", { body: 2 }, { body: 3 });
  expect((await batch).map(({ body }) => body)).toEqual([1, 2]);
  const short = { ...options, maxBatchWaitTime: 100 };
  const rest = await receiveBatch(receiver, short, 5000, new AbortController().signal);
  expect(rest.map(({ body }) => body)).toEqual([3]);
});

test("a subscription trigger receives what its topic was sent", async () => {
  await send("news", { body: { n: 1 }, subject: "s" });
  expect(await saw(book)).toEqual({ message: { n: 1 }, subject: "s" });
});

describe("a session trigger", () => {
  test("keeps the order of a session, a failed message coming back at its head", async () => {
    await send("ordered", ...["a", "b", "c"].map((body) => ({ body, sessionId: "s1" })));
    await until(() => allSeen(book).length === 4);
    expect(allSeen(book)).toEqual(["a", "b", "b", "c"].map((message) => ({ message, session: "s1" })));
  });

  test("takes further sessions up once earlier ones are idle", async () => {
    const sessions = ["t1", "t2", "t3"];
    await send("ordered", ...sessions.map((sessionId) => ({ body: sessionId, sessionId })));
    await until(() => allSeen(book).length === 3);
    expect(new Set(allSeen(book).map((seen) => (seen as { session: string }).session))).toEqual(
      new Set(sessions),
    );
  });
});

test("a Service Bus output sends what the function returned, as JSON", async () => {
  await send("forward", { body: { n: 1 } });
  expect(await saw(book)).toMatchObject({ message: { forwarded: { n: 1 } } });
});

describe("a host whose broker is down", () => {
  test("says so, keeps trying, and is ready once the broker is there", async () => {
    const down = await startBroker({
      port: 0,
      file: `${folder}/other.sqlite`,
      config: { queues: [{ name: "one" }] },
    });
    const { port, serviceBusConnectionString } = down;
    await down.stop();
    const waiting = logBook();
    const other = serve("queue", {
      data: `${folder}/other`,
      env: { Broker: serviceBusConnectionString },
      log: waiting.log,
    });
    expect(await waiting.until("It keeps trying")).toContain("Function 'one' cannot receive from 'one'");
    const up = await startBroker({
      port,
      file: `${folder}/other.sqlite`,
      config: { queues: [{ name: "one" }] },
    });
    await (await other).stop();
    await up.stop();
  });
});
