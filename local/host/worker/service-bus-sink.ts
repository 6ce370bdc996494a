import { ServiceBusClient } from "@azure/service-bus";
import type { Sink } from "./outputs.ts";

/** @param entity - name of the queue or topic */
export function openServiceBus(connection: string, entity: string): Sink {
  const client = new ServiceBusClient(connection);
  const sender = client.createSender(entity);
  return {
    send: (bodies) => sender.sendMessages(bodies.map((body) => ({ body }))),
    close: () => client.close(),
  };
}
