import { EventHubProducerClient } from "@azure/event-hubs";
import type { Sink } from "./outputs.ts";

export function openEntity(connection: string, name: string): Sink {
  const client = new EventHubProducerClient(connection, name);
  return {
    send: (messages) => client.sendBatch(messages.map((message) => ({ body: Buffer.from(message) }))),
    close: () => client.close(),
  };
}
