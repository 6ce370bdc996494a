import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { eventually } from "../../waiting.ts";
import { end, MAIN, type Ready, startProcess } from "./azure-process.ts";
import { startSubscriber } from "./event-grid/subscriber.ts";

let data: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), "azure-main-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child, "SIGKILL");
  await rm(data, { recursive: true });
});

async function start(...more: string[]) {
  const started = await startProcess(data, ...more);
  children.push(started.child);
  return started;
}

async function callerOf({ httpOrigin, identityEndpoint, identityHeader }: Ready) {
  const query = "?api-version=2019-08-01&resource=https://management.azure.com";
  const answer = await fetch(`${identityEndpoint}${query}`, {
    headers: { "x-identity-header": identityHeader },
  });
  const { access_token: token } = z.object({ access_token: z.string() }).parse(await answer.json());
  return (method: string, target: string, version: string, body?: unknown) =>
    fetch(`${httpOrigin}${target}?api-version=${version}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
}

test("an event that was raised before kill -9 is delivered after the restart, once", async () => {
  const first = await start();
  const call = await callerOf(first.ready);
  const hook = await startSubscriber();
  const { port } = hook;
  const { workspaceId } = first.ready;
  const id = `${workspaceId}/providers/Microsoft.EventGrid/eventSubscriptions/models`;
  const destination = {
    endpointType: "WebHook",
    properties: { endpointUrl: `http://127.0.0.1:${port}/hook` },
  };
  await call("PUT", id, "2022-06-15", { properties: { destination } });
  await eventually(async () =>
    expect(await (await call("GET", id, "2022-06-15")).json()).toMatchObject({
      properties: { provisioningState: "Succeeded" },
    }),
  );
  await hook.stop();
  const model = { properties: { modelUri: "azureml://datastores/d/paths/m", modelType: "custom_model" } };
  const put = await call("PUT", `${workspaceId}/models/weather/versions/1`, "2022-10-01", model);
  expect(put.status).toBeLessThan(300);
  await end(first.child, "SIGKILL");

  const again = await startSubscriber(port);
  const second = await start();
  const [delivered] = await again.until(1);
  expect(delivered?.body).toMatchObject([{ subject: "models/weather:1" }]);
  await eventually(async () =>
    expect(await (await fetch(`${second.ready.httpOrigin}/_stats`)).json()).toMatchObject({
      eventsRaised: 1,
      eventsDelivered: 1,
    }),
  );
  expect(again.notifications).toHaveLength(1);
  await again.stop();
});

test("ends with 0 on SIGTERM", async () => {
  const { child } = await start();
  expect(await end(child, "SIGTERM")).toBe(0);
});

test("ends when its parent is gone", async () => {
  const { child } = await start();
  child.disconnect();
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("says what is wrong with an option, and ends with 1", async () => {
  const child = spawn(process.execPath, [MAIN, "--azure-port", "many"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk) => {
    said += chunk;
  });
  expect(await once(child, "close")).toEqual([1, null]);
  expect(said.trim()).toBe("--azure-port is 'many', expected a whole number from 0 to 65535.");
});

test("serves the queues of an app beside the product's", async () => {
  const entities = path.join(data, "Config.json");
  const Queues = [{ Name: "orders" }];
  await writeFile(
    entities,
    JSON.stringify({ UserConfig: { Namespaces: [{ Name: "sbemulatorns", Queues }] } }),
  );
  const { ready } = await start("--entities", entities);
  const client = new ServiceBusClient(ready.serviceBusConnectionString);
  await client.createSender("orders").sendMessages({ body: "one" });
  await client.createSender("signals").sendMessages({ body: "two", sessionId: "s", messageId: "m" });
  const [order] = await client.createReceiver("orders").receiveMessages(1);
  expect(order?.body).toBe("one");
  await client.close();
});

test("ends with 1 and one line when the file of entities is wrong", async () => {
  const entities = path.join(data, "absent.json");
  const child = spawn(process.execPath, [MAIN, "--entities", entities], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += String(chunk);
  });
  expect(await once(child, "close")).toEqual([1, null]);
  expect(errors.trim()).toMatch(
    /^The broker's entities in '.*absent\.json' are wrong: the file cannot be read .*$/,
  );
});
