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
test("the bundled host writes to a queue and to a hub", async () => {
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
  const answer = await fetch(`${url}/api/send`, { method: "POST", body: JSON.stringify([{ n: 1 }, "two"]) });
  expect(answer.status).toBe(202);
  const client = new ServiceBusClient(broker.serviceBusConnectionString);
  onTestFinished(() => client.close());
  const receiver = client.createReceiver("sink", { receiveMode: "receiveAndDelete" });
  const messages = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5000 });
  expect(messages.map(({ body }) => (Buffer.isBuffer(body) ? body.toString() : body))).toEqual([
    { n: 1 },
    "two",
  ]);
  expect(broker.stats()).toMatchObject({ eventsAccepted: 2 });
}, 60_000);
