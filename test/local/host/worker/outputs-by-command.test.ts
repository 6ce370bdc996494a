import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { EventHubConsumerClient, earliestEventPosition } from "@azure/event-hubs";
import { ServiceBusClient } from "@azure/service-bus";
import { expect, onTestFinished, test } from "vitest";
import { startBroker } from "../../../../local/azure/broker/index.ts";
import { appFolder, scratch } from "../harness.ts";

const local = (file: string) => fileURLToPath(new URL(`../../../../local/${file}`, import.meta.url));

/** The host as `npm run host` runs it: from its bundle. */
async function launch(app: string, env: Record<string, string>): Promise<string> {
  const args = ["--app", appFolder(app), "--port", "0", "--data", scratch(), "--json"];
  const child = spawn(process.execPath, [local("run.js"), local("host/command.ts"), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const [line] = await once(createInterface(child.stdout), "line");
  const { url }: { url: string } = JSON.parse(String(line));
  return url;
}

test("what a function puts into a queue and a hub arrives there, as `npm run host` serves it", async () => {
  const broker = await startBroker({
    port: 0,
    file: `${scratch()}/broker.sqlite`,
    config: { queues: [{ name: "told" }], eventHubs: [{ name: "told-too", partitionCount: 1 }] },
  });
  onTestFinished(() => broker.stop());
  const url = await launch("outputs", { Broker: broker.serviceBusConnectionString });

  expect((await fetch(`${url}/api/tell`, { method: "POST", body: "the news" })).status).toBe(202);

  const queues = new ServiceBusClient(broker.serviceBusConnectionString);
  const [message] = await queues.createReceiver("told").receiveMessages(1);
  expect(String(message?.body)).toBe("the news");
  await queues.close();
  const hub = new EventHubConsumerClient("$Default", broker.eventHubsConnectionString, "told-too");
  const heard = await new Promise((resolve, reject) => {
    hub.subscribe(
      {
        processEvents: async ([event]) => (event ? resolve(event.body) : undefined),
        processError: async (error) => reject(error),
      },
      { startPosition: earliestEventPosition },
    );
  });
  expect(String(heard)).toBe("the news");
  await hub.close();
}, 60_000);
