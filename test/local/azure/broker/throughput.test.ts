import type { ServiceBusMessage } from "@azure/service-bus";
import { expect, test } from "vitest";
import { startWithQueue } from "./broker-fixture.ts";

const SESSIONS = 20;
const MESSAGES = 10_000;
const EACH = MESSAGES / SESSIONS;

test("ten thousand messages over twenty sessions arrive once each, in the order of their session", async () => {
  const { broker, client } = await startWithQueue({ RequiresSession: true });
  const sender = client.createSender("work");
  const began = performance.now();
  for (let from = 0; from < MESSAGES; from += 500) {
    const slice: ServiceBusMessage[] = [];
    for (let i = from; i < from + 500; i++) {
      slice.push({ body: Math.floor(i / SESSIONS), sessionId: `s${i % SESSIONS}` });
    }
    await sender.sendMessages(slice);
  }
  const sent = performance.now();
  const received = new Map<string, number[]>();
  const consume = async () => {
    for (let rounds = 0; rounds < SESSIONS / 4; rounds++) {
      const receiver = await client.acceptNextSession("work");
      const found: number[] = [];
      while (found.length < EACH) {
        const messages = await receiver.receiveMessages(250, { maxWaitTimeInMs: 20_000 });
        if (messages.length === 0) break;
        await Promise.all(messages.map((message) => receiver.completeMessage(message)));
        found.push(...messages.map((message) => Number(message.body)));
      }
      received.set(receiver.sessionId, found);
      await receiver.close();
    }
  };
  await Promise.all([consume(), consume(), consume(), consume()]);
  const done = performance.now();
  const expected = Array.from({ length: EACH }, (_, index) => index);
  expect([...received.keys()].sort()).toEqual(Array.from({ length: SESSIONS }, (_, i) => `s${i}`).sort());
  for (const found of received.values()) expect(found).toEqual(expected);
  expect(broker.stats()).toMatchObject({
    messagesAccepted: MESSAGES,
    messagesHeld: 0,
    messagesDeadLettered: 0,
  });
  console.info(
    `sent in ${Math.round(sent - began)} ms, received in ${Math.round(done - sent)} ms, ${broker.stats().commits} commits`,
  );
});
