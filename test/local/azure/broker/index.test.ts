import { once } from "node:events";
import { connect as connectSocket, createServer } from "node:net";
import { ServiceBusAdministrationClient } from "@azure/service-bus";
import { expect, onTestFinished, test } from "vitest";
import { BrokerConfigError, BrokerPortError } from "../../../../local/azure/broker/index.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { connect, start } from "./broker-fixture.ts";

test("the connection strings make the clients speak plain TCP to localhost", async () => {
  const broker = await start({});
  expect(broker.serviceBusConnectionString).toBe(
    `Endpoint=sb://localhost:${broker.port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true`,
  );
  expect(broker.eventHubsConnectionString).toBe(broker.serviceBusConnectionString);
});

test("a port in use is named in the error", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const failed = start({}, { port });
  await expect(failed).rejects.toBeInstanceOf(BrokerPortError);
  await expect(failed).rejects.toThrow(
    `The AMQP broker cannot listen on port ${port} of localhost (EADDRINUSE).`,
  );
});

test.each([
  {
    what: "a duration that is none",
    config: { queues: [{ name: "work", properties: { LockDuration: "30 seconds" } }] },
    words: [
      "'30 seconds' is no ISO 8601 duration, expected one like PT1M or P7D",
      "queues[0].properties.LockDuration",
    ],
  },
  {
    what: "a name used twice",
    config: { queues: [{ name: "work" }], eventHubs: [{ name: "Work" }] },
    words: ["Two entities of the broker are named 'Work', expected each name once."],
  },
  {
    what: "forwarding",
    config: { queues: [{ name: "work", properties: { ForwardTo: "other" } }] },
    words: ["forwarding is not supported, expected an empty text or nothing"],
  },
  {
    what: "no delivery allowed",
    config: { queues: [{ name: "work", properties: { MaxDeliveryCount: 0 } }] },
    words: ["queues[0].properties.MaxDeliveryCount"],
  },
])("a configuration with $what is refused in words", async ({ config, words }) => {
  const failed = start(config);
  await expect(failed).rejects.toBeInstanceOf(BrokerConfigError);
  for (const word of words) await expect(failed).rejects.toThrow(word);
});

test.each([
  { what: "HTTP", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"), says: "Invalid protocol header" },
  {
    what: "TLS",
    bytes: Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]),
    says: "write UseDevelopmentEmulator=true into its connection string",
  },
  {
    what: "a frame of nonsense",
    bytes: Buffer.from("AMQP\0\x01\0\0\0\0\0\x10\x02\0\0\0zzzzzzzz", "latin1"),
    says: "AMQP",
  },
])("a client that speaks $what is cut off, and the others are served", async ({ bytes, says }) => {
  const warnings: string[] = [];
  const broker = await start({ queues: [{ name: "work" }] }, { log: (_, message) => warnings.push(message) });
  const socket = connectSocket(broker.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.end(bytes);
  await once(socket, "close");
  const sender = connect(broker).createSender("work");
  await sender.sendMessages({ body: 1 });
  expect(broker.stats()).toMatchObject({ messagesAccepted: 1 });
  expect(warnings.join("\n")).toContain(says);
});

test("the administration client is not served, and the log says where entities come from", async () => {
  const warnings: string[] = [];
  const broker = await start({ queues: [{ name: "work" }] }, { log: (_, message) => warnings.push(message) });
  const options = { retryOptions: { maxRetries: 0 } };
  const administration = new ServiceBusAdministrationClient(broker.serviceBusConnectionString, options);
  await expect(administration.getQueue("work")).rejects.toThrow();
  expect(warnings.join("\n")).toContain("is not served: entities come from the configuration");
});

test("stopping cuts the clients off and frees the port", async () => {
  const broker = await start({ queues: [{ name: "work" }] });
  const socket = connectSocket(broker.port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {});
  const closed = once(socket, "close");
  await Promise.all([broker.stop(), closed]);
  const again = await start({ queues: [{ name: "work" }] }, { port: broker.port });
  expect(again.port).toBe(broker.port);
});

test("a lock that ends after the broker has stopped is nobody's any more", async () => {
  const clock = new ManualClock(Date.now());
  const broker = await start({ queues: [{ name: "work" }] }, { clock });
  const client = connect(broker);
  await client.createSender("work").sendMessages({ body: 1 });
  await client.createReceiver("work", { maxAutoLockRenewalDurationInMs: 0 }).receiveMessages(1);
  await client.close();
  expect(clock.nextDueAt()).toBeDefined();
  await broker.stop();
  expect(clock.nextDueAt()).toBeUndefined();
});
