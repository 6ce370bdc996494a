import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { receive, start, startWithQueue } from "./broker-fixture.ts";

const SHORT = { maxWaitTimeInMs: 150 };

async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receive(receiver, 1);
  if (!message) throw new Error("no message came, expected one");
  return message;
}

describe("sending", () => {
  test("a message arrives with its properties, and what the broker adds to them", async () => {
    const clock = new ManualClock(Date.now());
    const { client } = await startWithQueue({ LockDuration: "PT30S" }, { clock });
    await client.createSender("work").sendMessages({
      body: { model: "weather", version: 3 },
      messageId: "m-1",
      correlationId: "c-1",
      subject: "model.registered",
      contentType: "application/json",
      applicationProperties: { attempt: 2, share: 0.25, final: false, name: "é" },
    });
    const message = await receiveOne(client.createReceiver("work"));
    expect(message).toMatchObject({
      body: { model: "weather", version: 3 },
      messageId: "m-1",
      correlationId: "c-1",
      subject: "model.registered",
      contentType: "application/json",
      applicationProperties: { attempt: 2, share: 0.25, final: false, name: "é" },
      deliveryCount: 0,
      state: "active",
      enqueuedTimeUtc: new Date(clock.now()),
      lockedUntilUtc: new Date(clock.now() + 30_000),
    });
    expect(message.sequenceNumber?.toNumber()).toBe(1);
    expect(message.lockToken).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test("arrays and batches arrive message by message, in order, numbered from one", async () => {
    const { client } = await startWithQueue();
    const sender = client.createSender("work");
    await sender.sendMessages([{ body: "a" }, { body: "b" }]);
    const batch = await sender.createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(262_144);
    expect(batch.tryAddMessage({ body: "c" })).toBe(true);
    await sender.sendMessages(batch);
    const messages = await receive(client.createReceiver("work"), 3);
    expect(messages.map((m) => [m.body, m.sequenceNumber?.toNumber()])).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]);
  });

  test("a message without an id gets one, so that it can be settled", async () => {
    const { client } = await startWithQueue();
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);
    expect(message.messageId).toMatch(/^[0-9a-f]{32}$/);
    await receiver.completeMessage(message);
    expect(await receiver.peekMessages(1)).toEqual([]);
  });

  test("a message beyond the size limit is refused", async () => {
    const { client } = await startWithQueue();
    const large = { body: Buffer.alloc(300_000) };
    await expect(client.createSender("work").sendMessages(large)).rejects.toThrow("more than the 262144");
  });

  test("a scheduled message beyond the size limit is refused", async () => {
    const { client } = await startWithQueue();
    const scheduling = client
      .createSender("work")
      .scheduleMessages({ body: "x".repeat(300_000) }, new Date(Date.now() + 60_000));
    await expect(scheduling).rejects.toMatchObject({ code: "MessageSizeExceeded" });
  });

  test("a message of several frames arrives whole", async () => {
    const { client } = await startWithQueue();
    const body = Buffer.alloc(200_000, "outerloop");
    await client.createSender("work").sendMessages({ body });
    const message = await receiveOne(client.createReceiver("work"));
    expect(body.equals(message.body)).toBe(true);
  });

  test("an unknown queue is named in the error", async () => {
    const { client } = await startWithQueue();
    await expect(client.createSender("nowhere").sendMessages({ body: 1 })).rejects.toMatchObject({
      code: "MessagingEntityNotFound",
      message: expect.stringContaining("The messaging entity 'nowhere' could not be found."),
    });
  });

  test("names are compared without regard to case", async () => {
    const { client } = await startWithQueue();
    await client.createSender("WORK").sendMessages({ body: 1 });
    expect(await receiveOne(client.createReceiver("Work"))).toMatchObject({ body: 1 });
  });

  test("a message id seen inside the window is dropped silently, and taken again after it", async () => {
    const clock = new ManualClock(Date.now());
    const properties = { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: "PT10M" };
    const { client } = await startWithQueue(properties, { clock });
    const sender = client.createSender("work");
    await sender.sendMessages({ body: "first", messageId: "same" });
    await sender.sendMessages({ body: "second", messageId: "same" });
    clock.advance(600_000);
    await sender.sendMessages({ body: "third", messageId: "same" });
    const found = await client.createReceiver("work").peekMessages(5);
    expect(found.map((message) => message.body)).toEqual(["first", "third"]);
  });
});

describe("settling", () => {
  test("an abandoned message comes back at once, counted, with the properties given", async () => {
    const { client } = await startWithQueue();
    await client.createSender("work").sendMessages({ body: 1, applicationProperties: { kept: "yes" } });
    const receiver = client.createReceiver("work");
    await receiver.abandonMessage(await receiveOne(receiver), { reason: "busy" });
    expect(await receiveOne(receiver)).toMatchObject({
      deliveryCount: 1,
      applicationProperties: { kept: "yes", reason: "busy" },
    });
  });

  test("a dead-lettered message keeps its body, says why, and has a new number", async () => {
    const { client } = await startWithQueue();
    await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
    const receiver = client.createReceiver("work");
    const messages = await receive(receiver, 2);
    const second = messages[1];
    if (!second) throw new Error("two messages were sent");
    await receiver.deadLetterMessage(second, {
      deadLetterReason: "unreadable",
      deadLetterErrorDescription: "no kind",
    });
    const dead = await receiveOne(client.createReceiver("work", { subQueueType: "deadLetter" }));
    expect(dead).toMatchObject({
      body: 2,
      deadLetterReason: "unreadable",
      deadLetterErrorDescription: "no kind",
      deliveryCount: 0,
    });
    expect(dead.sequenceNumber?.toNumber()).toBe(1);
    expect(dead.enqueuedSequenceNumber).toBe(2);
  });

  test("the last allowed delivery that fails puts the message among the dead letters", async () => {
    const { client } = await startWithQueue({ MaxDeliveryCount: 2 });
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work");
    await receiver.abandonMessage(await receiveOne(receiver));
    await receiver.abandonMessage(await receiveOne(receiver));
    const deadLetters = client.createReceiver("work", { subQueueType: "deadLetter" });
    const dead = await receiveOne(deadLetters);
    expect(dead).toMatchObject({
      deadLetterReason: "MaxDeliveryCountExceeded",
      deadLetterErrorDescription: "Message could not be consumed after 2 delivery attempts.",
      deliveryCount: 2,
    });
    await deadLetters.abandonMessage(dead);
    expect(await receiveOne(deadLetters)).toMatchObject({ deliveryCount: 3 });
  });

  test("a deferred message is received by its number only", async () => {
    const { client } = await startWithQueue();
    await client.createSender("work").sendMessages({ body: "later" });
    const receiver = client.createReceiver("work");
    const message = await receiveOne(receiver);
    const number = message.sequenceNumber;
    if (!number) throw new Error("the message has no sequence number");
    await receiver.deferMessage(message, { why: "waits" });
    expect(await receiver.receiveMessages(1, SHORT)).toEqual([]);
    const [deferred] = await receiver.receiveDeferredMessages(number);
    if (!deferred) throw new Error("the deferred message was not found");
    expect(deferred).toMatchObject({
      body: "later",
      state: "deferred",
      applicationProperties: { why: "waits" },
    });
    await receiver.completeMessage(deferred);
    await expect(receiver.receiveDeferredMessages(number)).rejects.toMatchObject({
      code: "MessageNotFound",
    });
  });

  test("a lock that runs out gives the message to the next receiver, and refuses to settle for the first", async () => {
    const clock = new ManualClock(Date.now());
    const { client } = await startWithQueue({ LockDuration: "PT30S" }, { clock });
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(receiver);
    clock.advance(30_000);
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: "MessageLockLost" });
    expect(await receiveOne(receiver)).toMatchObject({ body: 1, deliveryCount: 1 });
  });

  test("a renewed lock lasts for its duration from then on", async () => {
    const clock = new ManualClock(Date.now());
    const begin = clock.now();
    const { client } = await startWithQueue({ LockDuration: "PT30S" }, { clock });
    await client.createSender("work").sendMessages({ body: 1 });
    const receiver = client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(receiver);
    clock.advance(20_000);
    expect((await receiver.renewMessageLock(message)).getTime()).toBe(begin + 50_000);
    clock.advance(20_000);
    await receiver.completeMessage(message);
    expect(await receiver.peekMessages(1)).toEqual([]);
  });

  test("messages stay locked when their receiver closes, and are settled without it", async () => {
    const { client } = await startWithQueue();
    await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
    const first = client.createReceiver("work");
    const [one, two] = await receive(first, 2);
    if (!one || !two) throw new Error("two messages were sent");
    await first.close();
    const second = client.createReceiver("work");
    expect(await second.receiveMessages(1, SHORT)).toEqual([]);
    await second.completeMessage(one);
    await second.deadLetterMessage(two, {
      deadLetterReason: "late",
      deadLetterErrorDescription: "after the close",
    });
    expect(await second.peekMessages(2)).toEqual([]);
    const dead = await receiveOne(client.createReceiver("work", { subQueueType: "deadLetter" }));
    expect(dead).toMatchObject({ body: 2, deadLetterReason: "late" });
  });

  test("receive and delete leaves nothing behind", async () => {
    const { client } = await startWithQueue();
    await client.createSender("work").sendMessages([{ body: 1 }, { body: 2 }]);
    const receiver = client.createReceiver("work", { receiveMode: "receiveAndDelete" });
    const messages = await receive(receiver, 2);
    expect(messages.map((message) => message.body)).toEqual([1, 2]);
    expect(await receiver.peekMessages(1)).toEqual([]);
  });

  test("subscribe completes what its handler processed, and abandons what it threw on", async () => {
    const { broker, client } = await startWithQueue({ MaxDeliveryCount: 2 });
    const seen: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    client.createReceiver("work").subscribe({
      processMessage: async (message) => {
        seen.push(message.body);
        if (seen.length === 3) resolve();
        if (message.body === "bad") throw new Error("cannot");
      },
      processError: async () => {},
    });
    await client.createSender("work").sendMessages([{ body: "bad" }, { body: "good" }]);
    await promise;
    await expect.poll(() => broker.stats()).toMatchObject({ messagesHeld: 0, messagesDeadLettered: 1 });
    expect(seen.sort()).toEqual(["bad", "bad", "good"]);
  });
});

describe("time", () => {
  test.each([
    { way: "the annotation", send: "sendMessages" },
    { way: "the schedule operation", send: "scheduleMessages" },
  ] as const)(
    "a message scheduled by $way is seen by peek, and received when it is due",
    async ({ send }) => {
      const clock = new ManualClock(Date.now());
      const { client } = await startWithQueue({}, { clock });
      const sender = client.createSender("work");
      const due = new Date(clock.now() + 60_000);
      if (send === "sendMessages") await sender.sendMessages({ body: 1, scheduledEnqueueTimeUtc: due });
      else await sender.scheduleMessages({ body: 1 }, due);
      const receiver = client.createReceiver("work");
      const [peeked] = await receiver.peekMessages(1);
      expect(peeked).toMatchObject({ state: "scheduled", scheduledEnqueueTimeUtc: due });
      clock.advance(59_999);
      expect(await receiver.receiveMessages(1, SHORT)).toEqual([]);
      clock.advance(1);
      expect(await receiveOne(receiver)).toMatchObject({ body: 1, state: "active", enqueuedTimeUtc: due });
    },
  );

  test("what is not scheduled, or not any more, cannot be cancelled, and keeps others from it", async () => {
    const { client } = await startWithQueue();
    const sender = client.createSender("work");
    const later = new Date(Date.now() + 60_000);
    const [first, second] = await sender.scheduleMessages([{ body: 1 }, { body: 2 }], later);
    if (!first || !second) throw new Error("scheduling answered without numbers");
    await sender.cancelScheduledMessages(first);
    await expect(sender.cancelScheduledMessages([first, second])).rejects.toMatchObject({
      code: "MessageNotFound",
      message: expect.stringContaining(`Missing sequence numbers: ${first}`),
    });
    expect(await client.createReceiver("work").peekMessages(5)).toHaveLength(1);
  });

  test("a cancelled message never arrives", async () => {
    const clock = new ManualClock(Date.now());
    const { client } = await startWithQueue({}, { clock });
    const sender = client.createSender("work");
    const [number] = await sender.scheduleMessages([{ body: 1 }], new Date(clock.now() + 1000));
    if (!number) throw new Error("scheduling answered without a number");
    await sender.cancelScheduledMessages(number);
    clock.advance(2000);
    expect(await client.createReceiver("work").peekMessages(1)).toEqual([]);
  });

  test.each([
    { deadLetters: true, found: [["TTLExpiredException", "The message expired and was dead lettered."]] },
    { deadLetters: false, found: [] },
  ])("an expired message is dead-lettered: $deadLetters", async ({ deadLetters, found }) => {
    const clock = new ManualClock(Date.now());
    const { client } = await startWithQueue({ DeadLetteringOnMessageExpiration: deadLetters }, { clock });
    await client.createSender("work").sendMessages({ body: 1, timeToLive: 5000 });
    clock.advance(5000);
    expect(await client.createReceiver("work").peekMessages(1)).toEqual([]);
    const dead = await client.createReceiver("work", { subQueueType: "deadLetter" }).peekMessages(1);
    expect(dead.map((m) => [m.deadLetterReason, m.deadLetterErrorDescription])).toEqual(found);
  });
});

describe("reading without receiving", () => {
  test("a message lives no longer than the entity lets it, and says so", async () => {
    const { client } = await startWithQueue({ DefaultMessageTimeToLive: "PT10S" });
    await client
      .createSender("work")
      .sendMessages([
        { body: "none" },
        { body: "shorter", timeToLive: 2000 },
        { body: "longer", timeToLive: 60_000 },
      ]);
    const found = await client.createReceiver("work").peekMessages(3);
    const lifetimes = found.map(({ body, expiresAtUtc, enqueuedTimeUtc }) => [
      body,
      Number(expiresAtUtc) - Number(enqueuedTimeUtc),
    ]);
    expect(lifetimes).toEqual([
      ["none", 10_000],
      ["shorter", 2000],
      ["longer", 10_000],
    ]);
  });

  test("peek shows messages in every state, from a number on", async () => {
    const { client } = await startWithQueue();
    const sender = client.createSender("work");
    await sender.sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const receiver = client.createReceiver("work");
    const first = await receiveOne(receiver);
    const second = await receiveOne(receiver);
    if (!first.sequenceNumber || !second.sequenceNumber) throw new Error("a message has no sequence number");
    await receiver.deferMessage(first);
    const found = await receiver.peekMessages(5, { fromSequenceNumber: first.sequenceNumber });
    expect(found.map((m) => [m.body, m.state, m.lockedUntilUtc])).toEqual([
      [1, "deferred", undefined],
      [2, "active", undefined],
      [3, "active", undefined],
    ]);
    const rest = await receiver.peekMessages(5, { fromSequenceNumber: second.sequenceNumber });
    expect(rest.map((m) => m.body)).toEqual([2, 3]);
  });
});

test("addresses with 127.0.0.1 reach the broker as localhost does", async () => {
  const broker = await start({ queues: [{ name: "work" }] });
  const address = broker.serviceBusConnectionString.replace("localhost", "127.0.0.1");
  const client = new ServiceBusClient(address);
  await client.createSender("work").sendMessages({ body: 1 });
  await client.close();
  expect(broker.stats()).toMatchObject({ messagesAccepted: 1 });
});
