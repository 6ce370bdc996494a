import type { TokenCredential } from "@azure/identity";
import { ServiceBusClient, type ServiceBusSender } from "@azure/service-bus";
import type { Connection } from "../config.ts";
import { toCloudEvent } from "../signals/cloud-event.ts";
import { sessionOf } from "../signals/session.ts";
import type { Signal } from "../signals/signal.ts";
import { withinTimeout } from "./options.ts";

/** Name of the queue between the doors and `reactions.ts`; it requires sessions and detects duplicates. */
export const SIGNAL_QUEUE = "signals";

/** Where doors leave signals. The signal's id is the message id, so Service Bus itself drops a redelivery. */
export class SignalQueue {
  readonly #client: ServiceBusClient;
  readonly #sender: ServiceBusSender;

  constructor(connection: Connection, credential: TokenCredential) {
    const options = { retryOptions: { maxRetries: 3, timeoutInMs: 20_000 } };
    this.#client =
      "connectionString" in connection
        ? new ServiceBusClient(connection.connectionString, options)
        : new ServiceBusClient(connection.address, credential, options);
    this.#sender = this.#client.createSender(SIGNAL_QUEUE);
  }

  /** Once this returns, the signal will be decided: in order with all others about the same subject. */
  async publish(signal: Signal): Promise<void> {
    const message = {
      messageId: signal.id,
      sessionId: sessionOf(signal),
      contentType: "application/cloudevents+json",
      subject: signal.kind,
      body: toCloudEvent(signal),
    };
    await this.#sender.sendMessages(message, { abortSignal: withinTimeout() });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
