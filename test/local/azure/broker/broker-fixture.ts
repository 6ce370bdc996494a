import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from "@azure/service-bus";
import { onTestFinished } from "vitest";
import {
  type Broker,
  type BrokerConfig,
  type BrokerOptions,
  startBroker,
} from "../../../../local/azure/broker/index.ts";

/** Failures show soon: no test waits for the minute that is the clients' default. */
export const retryOptions = { maxRetries: 2, retryDelayInMs: 20, maxRetryDelayInMs: 50, timeoutInMs: 2000 };

/** A folder for one broker file, removed at the end of the test. */
export function brokerFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "outerloop-broker-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "broker.sqlite");
}

/** Starts a broker that the end of the test stops. */
export async function start(config: BrokerConfig, options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const broker = await startBroker({ port: 0, file: options.file ?? brokerFile(), config, ...options });
  onTestFinished(() => broker.stop());
  return broker;
}

/** A client that the end of the test closes. */
export function connect(broker: Broker, retries: Partial<typeof retryOptions> = {}): ServiceBusClient {
  const options = { retryOptions: { ...retryOptions, ...retries } };
  const client = new ServiceBusClient(broker.serviceBusConnectionString, options);
  onTestFinished(() => client.close());
  return client;
}

/** Receives so many messages: how long they take to come is the machine's own matter. Fewer only when no more come. */
export async function receive(
  receiver: ServiceBusReceiver,
  count: number,
): Promise<ServiceBusReceivedMessage[]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < count) {
    const more = await receiver.receiveMessages(count - messages.length, { maxWaitTimeInMs: 20_000 });
    if (more.length === 0) break;
    messages.push(...more);
  }
  return messages;
}

/** A broker with one queue `work` and a client on it. */
export async function startWithQueue(
  properties: NonNullable<NonNullable<BrokerConfig["queues"]>[number]["properties"]> = {},
  options: Partial<BrokerOptions> = {},
): Promise<{ broker: Broker; client: ServiceBusClient }> {
  const broker = await start({ queues: [{ name: "work", properties }] }, options);
  return { broker, client: connect(broker) };
}
