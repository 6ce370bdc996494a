import { setTimeout as delay } from "node:timers/promises";
import {
  isServiceBusError,
  type ServiceBusReceivedMessage,
  type ServiceBusSessionReceiver,
} from "@azure/service-bus";
import { settled } from "./context.ts";
import { isBatch } from "./payload.ts";
import type { ServiceBusListening } from "./service-bus.ts";
import { receiveBatch } from "./service-bus-batch.ts";

/** How soon a failed accept is tried again, in ms. */
const RETRY_MS = 1000;

/** Serves up to `maxConcurrentSessions` sessions at once, each in order, and lets go of a session that is idle. */
export function acceptSessions(listening: ServiceBusListening): () => Promise<void> {
  const { maxConcurrentSessions } = listening.context.host.extensions.serviceBus;
  const serving = new Set<Promise<void>>();
  for (let slot = 0; slot < maxConcurrentSessions; slot++) void serveSessions(listening, serving);
  // A pending accept does not heed the signal: it ends when the client is closed, and has nothing to wait for.
  return () => settled(serving);
}

async function serveSessions(listening: ServiceBusListening, serving: Set<Promise<void>>): Promise<void> {
  const { signal, report } = listening;
  while (!signal.aborted) {
    try {
      const session = await acceptNext(listening);
      const served = serveAndClose(listening, session);
      serving.add(served);
      await served.finally(() => serving.delete(served));
    } catch (error) {
      if (signal.aborted) return;
      if (isServiceBusError(error) && error.code === "ServiceTimeout") continue;
      report(error);
      await delay(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

async function serveAndClose(
  listening: ServiceBusListening,
  session: ServiceBusSessionReceiver,
): Promise<void> {
  try {
    await serveSession(listening, session);
  } finally {
    await session.close().catch(() => {});
  }
}

function acceptNext({
  client,
  entity,
  receiverOptions,
  signal,
}: ServiceBusListening): Promise<ServiceBusSessionReceiver> {
  const options = { ...receiverOptions, abortSignal: signal };
  return "queue" in entity
    ? client.acceptNextSession(entity.queue, options)
    : client.acceptNextSession(entity.topic, entity.subscription, options);
}

/** Resolves when the session is idle, lost, or the host stops; running messages have ended then. */
async function serveSession(
  listening: ServiceBusListening,
  session: ServiceBusSessionReceiver,
): Promise<void> {
  if (isBatch(listening.context.definition.trigger)) return serveBatches(listening, session);
  const { context, dispatcher, signal, report } = listening;
  const { maxConcurrentCallsPerSession, sessionIdleTimeout } = context.host.extensions.serviceBus;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const running = new Set<Promise<void>>();
  let endIdling = context.clock.after(sessionIdleTimeout, end);
  const onAbort = () => end();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) end();

  const subscription = session.subscribe(
    {
      async processMessage(message: ServiceBusReceivedMessage) {
        endIdling();
        const run = dispatcher.dispatch(session, [message]);
        running.add(run);
        await run;
        running.delete(run);
        if (running.size === 0) endIdling = context.clock.after(sessionIdleTimeout, end);
      },
      async processError({ error }) {
        if (!signal.aborted) report(error);
        if (isServiceBusError(error) && error.code === "SessionLockLost") end();
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls: maxConcurrentCallsPerSession },
  );
  await over;
  await subscription.close();
  await settled(running);
  endIdling();
  signal.removeEventListener("abort", onAbort);
}

async function serveBatches(
  listening: ServiceBusListening,
  session: ServiceBusSessionReceiver,
): Promise<void> {
  const { context, dispatcher, signal } = listening;
  const options = context.host.extensions.serviceBus;
  while (!signal.aborted) {
    const messages = await receiveBatch(session, options, options.sessionIdleTimeout, signal);
    if (messages.length === 0) return;
    await dispatcher.dispatch(session, messages);
  }
}
