import type { TokenCredential } from "@azure/identity";
import { ServiceBusClient, type ServiceBusSender } from "@azure/service-bus";
import type { Connection } from "../config.ts";
import { withinTimeout } from "./options.ts";

/** Name of the queue between the doors and `reactions.ts`; it requires sessions and detects duplicates. */
export const SIGNAL_QUEUE = "signals";

/** One signal on the wire. */
export interface QueuedSignal {
  /** The signal's own id: Service Bus drops a second message with it, for as long as it remembers. */
  readonly id: string;
  /** Signals of one session are taken in order, one at a time. */
  readonly session: string;
  readonly kind: string;
  /** A CloudEvent. */
  readonly body: unknown;
}

/** Where doors leave signals for `reactions.ts`. */
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

  /** Once this returns, the queue keeps the signal. */
  async publish(signal: QueuedSignal): Promise<void> {
    const message = {
      messageId: signal.id,
      sessionId: signal.session,
      subject: signal.kind,
      contentType: "application/cloudevents+json",
      body: signal.body,
    };
    await this.#sender.sendMessages(message, { abortSignal: withinTimeout() });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
