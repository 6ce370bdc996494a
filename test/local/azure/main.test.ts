import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { startSubscriber } from "./event-grid/subscriber.ts";

const MAIN = path.resolve(import.meta.dirname, "../../../local/azure/main.ts");
const Ready = z.object({
  event: z.literal("ready"),
  httpOrigin: z.string(),
  identityEndpoint: z.string(),
  identityHeader: z.string(),
  workspaceId: z.string(),
});

let data: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), "azure-main-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child, "SIGKILL");
  await rm(data, { recursive: true });
});

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  const [code] = await once(child, "exit");
  return code;
}

async function start(...more: string[]) {
  const ports = ["--azure-port", "0", "--amqp-port", "0", "--storage-port", "0"];
  const child = spawn(
    process.execPath,
    [MAIN, ...ports, "--data", data, "--json", "--retry-scale", "0.01", ...more],
    {
      stdio: ["ignore", "pipe", "ignore", "ipc"],
    },
  );
  children.push(child);
  if (!child.stdout) throw new Error("the child has no output");
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, ready: Ready.parse(JSON.parse(String(line))) };
}

async function callerOf({ httpOrigin, identityEndpoint, identityHeader }: z.infer<typeof Ready>) {
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
  await vi.waitFor(async () =>
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
  await vi.waitFor(async () =>
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
