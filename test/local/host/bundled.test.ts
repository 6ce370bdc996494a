import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ServiceBusClient } from "@azure/service-bus";
import { expect, onTestFinished, test } from "vitest";
import { startBroker } from "../../../local/azure/broker/index.ts";
import { appFolder, scratch } from "./harness.ts";

const local = (file: string) => fileURLToPath(new URL(`../../../local/${file}`, import.meta.url));

/** The host as `npm run host` starts it: from the bundle, in which packages are not what Node makes of them. */
// Azure/azure-functions-host, FunctionBinding.cs, and Azure/azure-sdk-for-net, StringToMessageConverter.cs
test("the bundled host writes to a queue and to a hub, each element of an array as a message", async () => {
  const broker = await startBroker({
    port: 0,
    file: `${scratch()}/broker.sqlite`,
    config: { queues: [{ name: "sink" }], eventHubs: [{ name: "hub", partitionCount: 1 }] },
  });
  onTestFinished(() => broker.stop());
  const args = ["--app", appFolder("outputs"), "--port", "0", "--data", scratch(), "--json"];
  const child = spawn(process.execPath, [local("run.js"), local("host/main.ts"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      Broker: broker.serviceBusConnectionString,
      Hubs: broker.eventHubsConnectionString,
    },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { url } = JSON.parse(line);
  const send = async (value: unknown) =>
    (await fetch(`${url}/api/send`, { method: "POST", body: JSON.stringify(value) })).status;
  expect(await send([{ n: 1 }, "two", true])).toBe(202);
  expect(await send("[3,[4]]")).toBe(202);
  expect(await send([])).toBe(202);
  expect(await send("[3,")).toBe(202);
  expect(await send("[looks like JSON]")).toBe(500);
  const client = new ServiceBusClient(broker.serviceBusConnectionString);
  onTestFinished(() => client.close());
  const receiver = client.createReceiver("sink", {
    receiveMode: "receiveAndDelete",
    skipParsingBodyAsJson: true,
  });
  const messages = await receiver.receiveMessages(6, { maxWaitTimeInMs: 5000 });
  const received = messages.map(({ body, contentType }) => [body.toString(), contentType]);
  const expected = ['{"n":1}', "two", "True", "3", "[4]", "[3,"];
  expect(received).toEqual(expected.map((text) => [text, "text/plain"]));
  expect(broker.stats()).toMatchObject({ eventsAccepted: 6 });
}, 60_000);
