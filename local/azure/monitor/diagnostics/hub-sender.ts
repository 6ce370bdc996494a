import type { EventHubProducerClient } from "@azure/event-hubs";
import type { Publish } from "./streamer.ts";

/** Sends to event hubs through the broker's own protocol; connects at the first message. */
export function createHubSender(connectionString: string): { publish: Publish; stop: () => Promise<void> } {
  const clients = new Map<string, EventHubProducerClient>();

  async function clientOf(hub: string): Promise<EventHubProducerClient> {
    const found = clients.get(hub);
    if (found) return found;
    // Only who streams waits for the package to load.
    const { EventHubProducerClient: Client } = await import("@azure/event-hubs");
    const client = new Client(connectionString, hub);
    clients.set(hub, client);
    return client;
  }

  async function publish(hub: string, bodies: readonly unknown[]): Promise<void> {
    const client = await clientOf(hub);
    // One by one: each message is a batch of records already.
    for (const body of bodies) await client.sendBatch([{ body, contentType: "application/json" }]);
  }

  return {
    publish,
    stop: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}
