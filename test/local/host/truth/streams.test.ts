/**
 * What the end-to-end tests of the Node worker state about an app with HTTP streams, shown on our host.
 *
 * Source: Azure/azure-functions-nodejs-e2e-tests, src/http.test.ts; the test's own name there stands in brackets.
 */
import http from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningHost, startHost } from "../../../../local/host/index.ts";
import { temporaryFolder } from "../harness.ts";
import { truthApp } from "./truth-app.ts";

const { folder, remove } = temporaryFolder();
let host: RunningHost;

beforeAll(async () => {
  host = await startHost({ app: truthApp("streams"), port: 0, data: folder, log() {} });
});
afterAll(async () => {
  await host.stop();
  remove();
});

const MEGABYTE = 1024 * 1024;
const call = (path: string) => fetch(`${host.url}/api/${path}`);

/** Sends the chunks one by one, without a length, and reads the answer. */
async function stream(path: string, chunks: Iterable<Uint8Array>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<http.IncomingMessage>();
  const request = http.request(`${host.url}/api/${path}`, { method: "POST" }, resolve);
  Readable.from(chunks).pipe(request);
  return text(await promise);
}

test("a body in chunks is read as one text (hello world stream)", async () => {
  const chunks = ["test", "Name-", "chunked"].map((part) => Buffer.from(part));
  expect(await stream("hello", chunks)).toBe("Hello, testName-chunked!");
});

test("32 MB stream into a function (send stream 32mb)", async () => {
  const chunk = new Uint8Array(MEGABYTE);
  const chunks = Array.from({ length: 32 }, () => chunk);
  expect(await stream("receive", chunks)).toBe(`Bytes received: ${32 * MEGABYTE}`);
});

test("32 MB stream out of a function (receive stream 32mb)", async () => {
  const response = await call("send?lengthInMb=32");
  let received = 0;
  for await (const chunk of response.body ?? []) received += chunk.length;
  expect(received).toBe(32 * MEGABYTE);
});

test("a repeated query key keeps its values apart (query)", async () => {
  expect(await (await call("query?name=testName&dupe=1&dupe=2")).json()).toEqual({
    query: { name: "testName", dupe: "2" },
    first: "1",
    all: ["1", "2"],
  });
});

test("a cookie has a path only if it is given one (Cookies)", async () => {
  const cookies = (await call("cookies")).headers.getSetCookie().map((cookie) => cookie.toLowerCase());
  expect(cookies).toEqual(["mycookie=myvalue; max-age=200000", "mycookie2=myvalue; max-age=200000; path=/"]);
});
