import { EventHubProducerClient } from "@azure/event-hubs";
import type { Sink } from "./outputs.ts";

/** @param hub - name of the event hub */
export function openEventHub(connection: string, hub: string): Sink {
  const client = new EventHubProducerClient(connection, hub);
  return {
    send: (bodies) => client.sendBatch(bodies.map((body) => ({ body }))),
    close: () => client.close(),
  };
}
