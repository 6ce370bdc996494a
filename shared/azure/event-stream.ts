import { EventHubProducerClient } from "@azure/event-hubs";
import type { TokenCredential } from "@azure/identity";
import type { Connection } from "../config.ts";
import { withinTimeout } from "./options.ts";

/** Name of the hub that carries a copy of every ledger entry, for whoever wants to follow along. */
export const EVENT_STREAM = "outerloop-events";

/** Copies ledger entries to an Event Hub, in order; a reader sees an entry at least once and drops repeats by its id. */
export class EventStream {
  readonly #producer: EventHubProducerClient;

  constructor(connection: Connection, credential: TokenCredential) {
    const options = { retryOptions: { maxRetries: 3, timeoutInMs: 20_000 } };
    this.#producer =
      "connectionString" in connection
        ? new EventHubProducerClient(connection.connectionString, EVENT_STREAM, options)
        : new EventHubProducerClient(connection.address, EVENT_STREAM, credential, options);
  }

  async send(entry: { readonly id: string; readonly body: unknown }): Promise<void> {
    // One partition key for all: the hub keeps the order of a key, and the chain is worth little out of order.
    await this.#producer.sendBatch([{ body: entry.body, messageId: entry.id }], {
      partitionKey: "ledger",
      abortSignal: withinTimeout(),
    });
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }
}
