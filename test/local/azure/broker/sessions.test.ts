import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBusSessionReceiver } from "@azure/service-bus";
import { expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { connect, receive, start, startWithQueue } from "./broker-fixture.ts";

async function bodies(receiver: ServiceBusSessionReceiver, count: number): Promise<unknown[]> {
  const messages = await receive(receiver, count);
  for (const message of messages) await receiver.completeMessage(message);
  return messages.map((message) => message.body);
}

test("a named session hands over its own messages, in the order they were sent", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  await client.createSender("work").sendMessages([
    { body: 1, sessionId: "a" },
    { body: 2, sessionId: "b" },
    { body: 3, sessionId: "a" },
  ]);
  const receiver = await client.acceptSession("work", "a");
  expect(receiver.sessionId).toBe("a");
  expect(await bodies(receiver, 2)).toEqual([1, 3]);
});

test("accepting the next session waits until a message brings one", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  const accepted = client.acceptNextSession("work");
  await sleep(150);
  await client.createSender("work").sendMessages({ body: "late", sessionId: "s" });
  const receiver = await accepted;
  expect(receiver.sessionId).toBe("s");
  expect(await bodies(receiver, 1)).toEqual(["late"]);
});

test("accepting the next session times out when none has messages", async () => {
  const broker = await start({ queues: [{ name: "work", properties: { RequiresSession: true } }] });
  const client = connect(broker, { maxRetries: 0, timeoutInMs: 600 });
  await expect(client.acceptNextSession("work")).rejects.toMatchObject({ code: "ServiceTimeout" });
});

test("two waiting receivers get different sessions", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  const accepted = [client.acceptNextSession("work"), client.acceptNextSession("work")];
  await client.createSender("work").sendMessages([
    { body: 1, sessionId: "a" },
    { body: 2, sessionId: "b" },
  ]);
  const receivers = await Promise.all(accepted);
  expect(receivers.map((receiver) => receiver.sessionId).sort()).toEqual(["a", "b"]);
});

test("a held session is refused to a second receiver, and an empty one can be held", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  await client.acceptSession("work", "empty");
  await expect(client.acceptSession("work", "empty")).rejects.toMatchObject({
    code: "SessionCannotBeLocked",
  });
});

test("closing a session puts what was not settled back at once, with the same delivery count", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  await client.createSender("work").sendMessages([
    { body: 1, sessionId: "a" },
    { body: 2, sessionId: "a" },
  ]);
  const first = await client.acceptSession("work", "a");
  expect(await receive(first, 2)).toHaveLength(2);
  await first.close();
  const second = await client.acceptSession("work", "a");
  const again = await receive(second, 2);
  expect(again.map((message) => [message.body, message.deliveryCount])).toEqual([
    [1, 0],
    [2, 0],
  ]);
});

test("an abandoned message comes back to the head of its session", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  await client.createSender("work").sendMessages([
    { body: 1, sessionId: "a" },
    { body: 2, sessionId: "a" },
  ]);
  const receiver = await client.acceptSession("work", "a");
  const [first] = await receive(receiver, 1);
  if (!first) throw new Error("no message came");
  await receiver.abandonMessage(first);
  expect(await bodies(receiver, 2)).toEqual([1, 2]);
});

test("a session lock that runs out is lost to its holder, and its messages count one delivery more", async () => {
  const clock = new ManualClock(Date.now());
  const { client } = await startWithQueue({ RequiresSession: true, LockDuration: "PT30S" }, { clock });
  await client.createSender("work").sendMessages({ body: 1, sessionId: "a" });
  const first = await client.acceptSession("work", "a", { maxAutoLockRenewalDurationInMs: 0 });
  const [message] = await receive(first, 1);
  if (!message) throw new Error("no message came");
  clock.advance(30_000);
  // Once it knows: the client never answers what was under way when the link went.
  await expect.poll(() => first.isClosed).toBe(true);
  await expect(first.completeMessage(message)).rejects.toMatchObject({ code: "SessionLockLost" });
  const second = await client.acceptSession("work", "a", { maxAutoLockRenewalDurationInMs: 0 });
  const [again] = await receive(second, 1);
  expect(again).toMatchObject({ body: 1, deliveryCount: 1 });
});

test("renewing a session lock keeps the session, and moves its end by the lock duration", async () => {
  const clock = new ManualClock(Date.now());
  const start = clock.now();
  const { client } = await startWithQueue({ RequiresSession: true, LockDuration: "PT30S" }, { clock });
  await client.createSender("work").sendMessages({ body: 1, sessionId: "a" });
  const receiver = await client.acceptSession("work", "a", { maxAutoLockRenewalDurationInMs: 0 });
  expect(receiver.sessionLockedUntilUtc.getTime()).toBe(start + 30_000);
  clock.advance(20_000);
  expect((await receiver.renewSessionLock()).getTime()).toBe(start + 50_000);
  clock.advance(20_000);
  expect(await bodies(receiver, 1)).toEqual([1]);
});

test("a session's state is binary, outlives its receiver, and can be cleared", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  const first = await client.acceptSession("work", "a");
  expect(await first.getSessionState()).toBeNull();
  await first.setSessionState(Buffer.from([0, 255, 7]));
  await first.close();
  const second = await client.acceptSession("work", "a");
  expect([...(await second.getSessionState())]).toEqual([0, 255, 7]);
  await second.setSessionState(null);
  expect(await second.getSessionState()).toBeNull();
});

test("a message without a session id is refused by a queue that requires sessions", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  await expect(client.createSender("work").sendMessages({ body: 1 })).rejects.toThrow(
    "The SessionId was not set on a message",
  );
});

test("a scheduled message without a session id is refused by a queue that requires sessions", async () => {
  const broker = await start({ queues: [{ name: "work", properties: { RequiresSession: true } }] });
  const scheduling = connect(broker)
    .createSender("work")
    .scheduleMessages({ body: 1 }, new Date(Date.now() + 60_000));
  await expect(scheduling).rejects.toThrow("The SessionId was not set on a message");
});

test("a receiver without a session is refused by a queue that requires sessions", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  await expect(receive(client.createReceiver("work"), 1)).rejects.toThrow(
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
  );
});

test("a deferred message of a session is received by its number under the session's lock", async () => {
  const { client } = await startWithQueue({ RequiresSession: true });
  await client.createSender("work").sendMessages({ body: "later", sessionId: "a" });
  const receiver = await client.acceptSession("work", "a");
  const [message] = await receive(receiver, 1);
  if (!message?.sequenceNumber) throw new Error("no message came");
  await receiver.deferMessage(message);
  const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber);
  if (!deferred) throw new Error("the deferred message was not found");
  expect(deferred).toMatchObject({ body: "later", state: "deferred" });
  await receiver.completeMessage(deferred);
  expect(await receiver.peekMessages(1)).toEqual([]);
});
