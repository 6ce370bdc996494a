import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { EventHubProducerClient } from "@azure/event-hubs";
import { ServiceBusClient } from "@azure/service-bus";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { ManualClock } from "../../../../local/clock.ts";
import { brokerFile, connect, receive, retryOptions, start } from "./broker-fixture.ts";

const Started = z.object({ port: z.number(), connectionString: z.string() });

/** A broker process; the end of the test kills it if it still runs. */
async function startProcess(file: string, port = 0) {
  const script = fileURLToPath(new URL("./broker-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, file, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => kill(child));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { ...Started.parse(JSON.parse(String(line))), child };
}

/** Ends the process as kill -9 does: nothing in it runs any more. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function client(connectionString: string): ServiceBusClient {
  const made = new ServiceBusClient(connectionString, { retryOptions: { ...retryOptions, maxRetries: 10 } });
  onTestFinished(() => made.close());
  return made;
}

test("what was acknowledged before kill -9 is there afterwards: sent, settled, deferred, duplicate, state, event", async () => {
  const file = brokerFile();
  const first = await startProcess(file);
  const before = client(first.connectionString);
  const sender = before.createSender("work");
  const bodies = ["completed", "deferred", "dead", "locked", "untouched"];
  await sender.sendMessages(bodies.map((body) => ({ body, messageId: body })));
  const receiver = before.createReceiver("work");
  const [completed, deferred, dead, locked] = await receive(receiver, 4);
  if (!completed || !deferred || !dead || !locked) throw new Error("five messages were sent");
  await receiver.completeMessage(completed);
  await receiver.deferMessage(deferred);
  await receiver.deadLetterMessage(dead, { deadLetterReason: "test", deadLetterErrorDescription: "by hand" });
  await before.createSender("sessions").sendMessages({ body: 1, sessionId: "a" });
  const session = await before.acceptSession("sessions", "a");
  await session.setSessionState(Buffer.from("half way"));
  const producer = new EventHubProducerClient(first.connectionString, "scores", { retryOptions });
  onTestFinished(() => producer.close());
  await producer.sendBatch([{ body: 1 }, { body: 2 }]);
  await kill(first.child);

  const second = await startProcess(file);
  const after = client(second.connectionString);
  await after.createSender("work").sendMessages({ body: "again", messageId: "completed" });
  const work = after.createReceiver("work");
  const messages = await receive(work, 2);
  expect(messages.map((message) => [message.body, message.deliveryCount])).toEqual([
    ["locked", 1],
    ["untouched", 0],
  ]);
  if (!deferred.sequenceNumber) throw new Error("a message has no sequence number");
  const [later] = await work.receiveDeferredMessages(deferred.sequenceNumber);
  expect(later).toMatchObject({ body: "deferred" });
  const [letter] = await receive(after.createReceiver("work", { subQueueType: "deadLetter" }), 1);
  expect(letter).toMatchObject({ body: "dead", deadLetterReason: "test" });
  await after.createSender("work").sendMessages({ body: "new", messageId: "new" });
  const [fresh] = await receive(work, 1);
  expect(fresh?.sequenceNumber?.toNumber()).toBe(6);
  const held = await after.acceptNextSession("sessions");
  expect(String(await held.getSessionState())).toBe("half way");
  const hub = new EventHubProducerClient(second.connectionString, "scores", { retryOptions });
  onTestFinished(() => hub.close());
  expect(await hub.getPartitionProperties("0")).toMatchObject({ lastEnqueuedSequenceNumber: 1 });
});

test("a kill in the middle of sending loses nothing that was acknowledged", async () => {
  const file = brokerFile();
  const { child, connectionString } = await startProcess(file);
  const sending = new ServiceBusClient(connectionString, {
    retryOptions: { ...retryOptions, maxRetries: 0 },
  });
  const sender = sending.createSender("sessions");
  const acknowledged: number[] = [];
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const loop = (async () => {
    for (let i = 0; ; i++) {
      await sender.sendMessages({ body: i, sessionId: "a" });
      acknowledged.push(i);
      if (i === 200) resolve();
    }
  })().catch(() => {});
  await enough;
  await kill(child);
  await loop;
  await sending.close();
  const broker = await start(
    { queues: [{ name: "sessions", properties: { RequiresSession: true } }] },
    { file },
  );
  const session = await connect(broker).acceptSession("sessions", "a");
  const found = await receive(session, acknowledged.length);
  expect(found.map((message) => message.body)).toEqual(acknowledged);
});

test("a subscriber goes on by itself when the broker dies and comes back on its port", async () => {
  const file = brokerFile();
  const first = await startProcess(file);
  const busy = client(first.connectionString);
  const seen: unknown[] = [];
  busy.createReceiver("work").subscribe({
    processMessage: async (message) => void seen.push(message.body),
    processError: async () => {},
  });
  await busy.createSender("work").sendMessages({ body: 1 });
  await expect.poll(() => seen).toEqual([1]);
  await kill(first.child);
  await startProcess(file, first.port);
  const other = client(first.connectionString);
  await other.createSender("work").sendMessages({ body: 2 });
  await expect.poll(() => seen).toContain(2);
});

test("a subscriber and a sender survive a cut connection", async () => {
  const broker = await start({ queues: [{ name: "work" }] });
  const busy = connect(broker, { maxRetries: 10 });
  const seen: unknown[] = [];
  busy.createReceiver("work").subscribe({
    processMessage: async (message) => void seen.push(message.body),
    processError: async () => {},
  });
  const sender = busy.createSender("work");
  await sender.sendMessages({ body: 1 });
  await expect.poll(() => seen).toEqual([1]);
  broker.dropConnections();
  await sender.sendMessages({ body: 2 });
  await expect.poll(() => seen).toContain(2);
});

test("a cut connection lets go of its session", async () => {
  const broker = await start({ queues: [{ name: "work", properties: { RequiresSession: true } }] });
  await connect(broker).acceptSession("work", "a");
  broker.dropConnections();
  await expect.poll(() => broker.stats().connections).toBe(0);
  expect((await connect(broker).acceptSession("work", "a")).sessionId).toBe("a");
});

test("schedules and times to live go on after a restart, and what is overdue is done at once", async () => {
  const file = brokerFile();
  const config = { queues: [{ name: "work", properties: { DeadLetteringOnMessageExpiration: true } }] };
  const begin = Date.now();
  const broker = await start(config, { file, clock: new ManualClock(begin) });
  const sender = connect(broker).createSender("work");
  await sender.scheduleMessages([{ body: "due" }], new Date(begin + 5000));
  await sender.scheduleMessages([{ body: "not yet" }], new Date(begin + 60_000));
  await sender.sendMessages({ body: "expired", timeToLive: 5000 });
  await broker.stop();
  const again = await start(config, { file, clock: new ManualClock(begin + 10_000) });
  const later = connect(again);
  const found = await later.createReceiver("work").peekMessages(5);
  expect(found.map((message) => [message.body, message.state]).sort()).toEqual([
    ["due", "active"],
    ["not yet", "scheduled"],
  ]);
  const [dead] = await later.createReceiver("work", { subQueueType: "deadLetter" }).peekMessages(1);
  expect(dead).toMatchObject({ body: "expired", deadLetterReason: "TTLExpiredException" });
});
