import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ManualClock } from "../../../local/clock.ts";
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

test("a step of stopping that never ends is left behind, and told", async () => {
  const app = scratch();
  const write = (name: string, text: string) => writeFileSync(path.join(app, name), text);
  write("package.json", '{"main":"index.js"}');
  write("host.json", '{"version":"2.0"}');
  const { promise: terminating, resolve } = Promise.withResolvers<void>();
  Object.assign(globalThis, { outerloopTerminating: resolve });
  const hook = "() => { outerloopTerminating(); return new Promise(() => {}); }";
  write("index.js", `require("@azure/functions-core").registerHook("appTerminate", ${hook});`);
  const clock = new ManualClock();
  const book = logBook();
  const host = await serve("", { app, data: scratch(), clock, log: book.log });
  const stopped = host.stop();
  await terminating;
  clock.advance(11_000);
  await stopped;
  expect(book.lines.at(-1)?.message).toMatch(/A step of stopping failed.*longer than 11 s/);
});
