import { expect, test } from "vitest";
import { serveInTest } from "./harness.ts";

test("an orchestration started by the app's own client runs to its end", async () => {
  const host = await serveInTest("durable");
  const response = await fetch(`${host.url}/api/start`, { method: "POST" });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(["Hello a", "Hello b"]);
});

test("the management API answers under the webhook's address, and asks for the system key when keys are on", async () => {
  const host = await serveInTest("durable", { keys: true });
  const started = await fetch(`${host.url}/api/start`, { method: "POST" });
  expect(started.status).toBe(200);
  const instance = `${host.url}/runtime/webhooks/durabletask/instances/one`;
  expect((await fetch(instance)).status).toBe(401);
  const listed = await fetch(`${host.url}/admin/host/systemkeys?code=${host.masterKey}`);
  const [key] = (await listed.json()).keys;
  expect(key.name).toBe("durabletask_extension");
  const status = await fetch(`${instance}?code=${key.value}`);
  expect(await status.json()).toMatchObject({ name: "greetTwice", runtimeStatus: "Completed" });
});
