import { setTimeout as delay } from "node:timers/promises";
import {
  isServiceBusError,
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
  type ServiceBusReceiverOptions,
} from "@azure/service-bus";
import { messageOf } from "../errors.ts";
import { connectionString } from "../settings/app-settings.ts";
import { type Listener, settled, type TriggerContext, textOption } from "./context.ts";
import { isBatch } from "./payload.ts";
import { receiveBatch } from "./service-bus-batch.ts";
import { ServiceBusDispatcher } from "./service-bus-dispatch.ts";
import { acceptSessions } from "./service-bus-sessions.ts";

/** How soon a broker that could not be reached is asked again, in ms. */
const RETRY_MS = 1000;
/** How long a batch receiver waits for a first message before it asks again, in ms. */
const BATCH_WAIT_MS = 60_000;

/** A queue, or a subscription of a topic. */
export type Entity = { readonly queue: string } | { readonly topic: string; readonly subscription: string };

/** Everything the receiving loops of one function share. */
export interface ServiceBusListening {
  readonly context: TriggerContext;
  readonly client: ServiceBusClient;
  readonly entity: Entity;
  readonly dispatcher: ServiceBusDispatcher;
  readonly receiverOptions: ServiceBusReceiverOptions;
  readonly signal: AbortSignal;
  /** Says once per cause what keeps messages from arriving. */
  readonly report: (error: unknown) => void;
}

/**
 * Receives messages in PeekLock mode and runs the function for each, or for each batch.
 *
 * @throws {Error} when the trigger or its connection setting is incomplete
 */
export function startServiceBus(context: TriggerContext): Listener {
  const { settings, host } = context;
  const connection = connectionString(textOption(context, "connection"), settings);
  const entity = entityOf(context);
  const stopping = new AbortController();
  const client = new ServiceBusClient(connection, {
    retryOptions: { retryDelayInMs: 500, maxRetryDelayInMs: 5000 },
  });
  const listening: ServiceBusListening = {
    context,
    client,
    entity,
    dispatcher: new ServiceBusDispatcher(context),
    receiverOptions: {
      receiveMode: "peekLock",
      skipParsingBodyAsJson: true,
      maxAutoLockRenewalDurationInMs: context.definition.trigger.isSessionsEnabled
        ? host.extensions.serviceBus.maxAutoLockRenewalDuration
        : 0,
    },
    signal: stopping.signal,
    report: oncePerCause(context, nameOf(entity)),
  };
  let stopReceiving: () => Promise<void> = async () => {};
  const ready = waitUntilReachable(listening, connection).then(() => {
    if (!stopping.signal.aborted) stopReceiving = receive(listening);
  });
  return {
    ready,
    async stop() {
      stopping.abort();
      await ready;
      await stopReceiving();
      await client.close();
    },
  };
}

function entityOf(context: TriggerContext): Entity {
  if (context.definition.trigger.topicName === undefined) return { queue: textOption(context, "queueName") };
  return { topic: textOption(context, "topicName"), subscription: textOption(context, "subscriptionName") };
}

export function nameOf(entity: Entity): string {
  return "queue" in entity ? entity.queue : `${entity.topic}/Subscriptions/${entity.subscription}`;
}

function receiverOf(
  client: ServiceBusClient,
  entity: Entity,
  options: ServiceBusReceiverOptions,
): ServiceBusReceiver {
  return "queue" in entity
    ? client.createReceiver(entity.queue, options)
    : client.createReceiver(entity.topic, entity.subscription, options);
}

/** A peek needs the broker, the entity and the right to read: what answers it can be received from. */
async function waitUntilReachable(
  { entity, signal, report }: ServiceBusListening,
  connection: string,
): Promise<void> {
  while (!signal.aborted) {
    const probe = new ServiceBusClient(connection, { retryOptions: { maxRetries: 0, timeoutInMs: 5000 } });
    try {
      await receiverOf(probe, entity, {}).peekMessages(1, { abortSignal: signal });
      return;
    } catch (error) {
      if (!signal.aborted) report(error);
    } finally {
      await probe.close().catch(() => {});
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

/** @returns how to stop: no new message, running ones end, links close */
function receive(listening: ServiceBusListening): () => Promise<void> {
  const { trigger } = listening.context.definition;
  if (trigger.isSessionsEnabled === true) return acceptSessions(listening);
  return isBatch(trigger) ? receiveBatches(listening) : receiveOneByOne(listening);
}

function receiveOneByOne({
  client,
  entity,
  context,
  dispatcher,
  receiverOptions,
  report,
}: ServiceBusListening) {
  const receiver = receiverOf(client, entity, receiverOptions);
  const subscription = receiver.subscribe(
    {
      processMessage: (message: ServiceBusReceivedMessage) => dispatcher.dispatch(receiver, [message]),
      processError: async ({ error }) => report(error),
    },
    {
      autoCompleteMessages: false,
      maxConcurrentCalls: context.host.extensions.serviceBus.maxConcurrentCalls,
    },
  );
  return async () => {
    await subscription.close();
    await dispatcher.drain();
    await receiver.close();
  };
}

function receiveBatches({
  client,
  entity,
  context,
  dispatcher,
  receiverOptions,
  signal,
  report,
}: ServiceBusListening) {
  const receiver = receiverOf(client, entity, receiverOptions);
  const options = context.host.extensions.serviceBus;
  const loop = async () => {
    while (!signal.aborted) {
      try {
        const messages = await receiveBatch(receiver, options, BATCH_WAIT_MS, signal);
        if (messages.length > 0) await dispatcher.dispatch(receiver, messages);
      } catch (error) {
        if (signal.aborted) return;
        report(error);
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  };
  const running = loop();
  return async () => {
    await settled([running]);
    await receiver.close();
  };
}

function oncePerCause({ definition, log }: TriggerContext, entity: string): (error: unknown) => void {
  let last = "";
  return (error) => {
    const code = isServiceBusError(error) ? error.code : "GeneralError";
    const line = `Function '${definition.name}' cannot receive from '${entity}' (${code}): ${messageOf(error)}. It keeps trying.`;
    if (line === last) return;
    last = line;
    log("warning", "Host.Listeners.ServiceBus", line);
  };
}
