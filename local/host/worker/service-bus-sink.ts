import { ServiceBusClient } from "@azure/service-bus";
import type { Sink } from "./outputs.ts";

export function openEntity(connection: string, name: string): Sink {
  const client = new ServiceBusClient(connection);
  const sender = client.createSender(name);
  return {
    send: (messages) => sender.sendMessages(messages.map(toMessage)),
    close: () => client.close(),
  };
}

/** With the content type that the extension gives it, in Bindings/StringToMessageConverter.cs and its neighbour for bytes. */
function toMessage(content: string | Uint8Array) {
  const contentType = typeof content === "string" ? "text/plain" : "application/octet-stream";
  return { body: Buffer.from(content), contentType };
}
