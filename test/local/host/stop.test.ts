import { expect, test } from "vitest";
import { logBook, scratch, serve } from "./harness.ts";

test("stopping twice is the same as stopping once", async () => {
  const host = await serve("events", { data: scratch() });
  await Promise.all([host.stop(), host.stop()]);
  await expect(fetch(host.url)).rejects.toThrow();
});

test("a host that could not start leaves its port and the environment as they were", async () => {
  const first = await serve("events", { data: scratch() });
  const second = serve("events", { data: scratch(), port: first.port, env: { OUTERLOOP_LEFT_OVER: "1" } });
  await expect(second).rejects.toThrow(`Port ${first.port} is already in use`);
  expect(process.env.OUTERLOOP_LEFT_OVER).toBeUndefined();
  expect((await fetch(`${first.url}/abc`)).status).toBe(200);
  await first.stop();
});

test("keys survive a restart with the same data folder", async () => {
  const data = scratch();
  const first = await serve("events", { data, keys: true });
  await first.stop();
  const second = await serve("events", { data, keys: true, log: logBook().log });
  expect(second.masterKey).toBe(first.masterKey);
  await second.stop();
});
