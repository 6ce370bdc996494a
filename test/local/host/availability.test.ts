import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { RunningHost } from "../../../local/host/index.ts";
import { until } from "../../waiting.ts";
import { appFolder, logBook, scratch, serveInTest } from "./harness.ts";

const NODE_MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** An app whose folder may be written to. */
function copyOf(app: string): string {
  const folder = scratch();
  cpSync(appFolder(app), folder, { recursive: true });
  symlinkSync(NODE_MODULES, path.join(folder, "node_modules"));
  return folder;
}

function callsOf({ url }: RunningHost) {
  const durable = `${url}/runtime/webhooks/durabletask`;
  const json = { headers: { "content-type": "application/json" } };
  return {
    admin: (method: string, what: string, body?: string) =>
      fetch(`${url}/admin/host/${what}`, { method, ...(body !== undefined && { body, ...json }) }),
    start: (id: string) => fetch(`${durable}/orchestrators/greetTwice/${id}`, { method: "POST" }),
    statusOf: async (id: string): Promise<string> =>
      (await (await fetch(`${durable}/instances/${id}`)).json()).runtimeStatus,
  };
}

// DrainModeManager stops every listener; that of a durable function stops the task hub worker with the last of them,
// while clients go on to be served: azure-functions-durable-extension, Listener/DurableTaskListener.cs
test("a drained host takes starts and runs none of them until it is told to resume", async () => {
  const host = await serveInTest("durable");
  const { admin, start, statusOf } = callsOf(host);
  expect((await admin("POST", "drain")).status).toBe(202);
  expect((await start("waits")).status).toBe(202);
  expect(await (await admin("GET", "drain/status")).json()).toMatchObject({ state: "Completed" });
  expect(await statusOf("waits")).toBe("Pending");
  expect(await (await admin("POST", "resume")).json()).toEqual({ state: "Running" });
  const answer = await fetch(`${host.url}/api/start`, { method: "POST" });
  expect(await answer.json()).toEqual(["Hello a", "Hello b"]);
  expect(await statusOf("waits")).toBe("Completed");
});

// azure-functions-host, HostController.SetState and its tests (HostControllerTests.SetState_Succeeds,
// SamplesEndToEndTests_CSharp.SetHostState_Offline_Succeeds)
test("a host told to be offline answers all but its administration with the page in the app's folder", async () => {
  const app = copyOf("durable");
  const host = await serveInTest("durable", { app });
  const { admin, start, statusOf } = callsOf(host);
  expect((await admin("PUT", "state", '"Offline"')).status).toBe(202);
  expect((await admin("PUT", "state", '"offline"')).status).toBe(200);
  expect(readFileSync(path.join(app, "app_offline.htm"), "utf8")).toContain("Host is offline");
  expect(await (await admin("GET", "status")).json()).toMatchObject({ state: "Offline" });
  expect((await admin("POST", "resume")).status).toBe(409);
  const functions = `${host.url}/admin/functions`;
  expect((await fetch(`${functions}/greet/status`)).status).toBe(200);
  const refused = [
    await fetch(`${host.url}/api/start`, { method: "POST" }),
    await fetch(host.url),
    await start("never"),
    await admin("POST", "synctriggers"),
    await fetch(`${functions}/greet`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    }),
  ];
  for (const response of refused) {
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("text/html");
    expect(await response.text()).toContain("Host is offline");
  }

  expect((await admin("PUT", "state", '"running"')).status).toBe(202);
  expect(existsSync(path.join(app, "app_offline.htm"))).toBe(false);
  expect((await start("now")).status).toBe(202);
  expect(["Pending", "Running", "Completed"]).toContain(await statusOf("now"));
});

test("an app whose folder holds app_offline.htm starts offline, and the log says how to bring it back", async () => {
  const app = copyOf("durable");
  cpSync(path.join(app, "host.json"), path.join(app, "app_offline.htm"));
  const book = logBook();
  const host = await serveInTest("durable", { app, log: book.log });
  expect((await fetch(`${host.url}/api/start`, { method: "POST" })).status).toBe(503);
  expect(await book.until("The host is offline")).toContain("PUT /admin/host/state");
  await callsOf(host).admin("PUT", "state", '"running"');
  await until(() => !existsSync(path.join(app, "app_offline.htm")));
  expect((await fetch(`${host.url}/api/start`, { method: "POST" })).status).toBe(200);
});
