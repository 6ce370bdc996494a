import { ServiceBusClient } from "@azure/service-bus";
import type { Sink } from "./outputs.ts";

export function openEntity(connection: string, name: string): Sink {
  const client = new ServiceBusClient(connection);
  const sender = client.createSender(name);
  return {
    send: (messages) => sender.sendMessages(messages.map((message) => ({ body: Buffer.from(message) }))),
    close: () => client.close(),
  };
}
