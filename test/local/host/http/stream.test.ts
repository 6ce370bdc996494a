import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningHost } from "../../../../local/host/index.ts";
import { logBook, serve, temporaryFolder } from "../harness.ts";

const { folder, remove } = temporaryFolder();
const book = logBook();
let host: RunningHost;

beforeAll(async () => {
  const env = { "AzureFunctionsJobHost__extensions__http__customHeaders__X-Robots": "no" };
  host = await serve("streaming", { data: folder, log: book.log, env });
});
afterAll(async () => {
  await host.stop();
  remove();
});

test("a stream that breaks off is no answer that looks whole", async () => {
  const response = await fetch(`${host.url}/api/breaksOff`);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow("terminated");
});

test("a function that returns nothing leaves its caller waiting, as on Azure, and the log says so", async () => {
  const caller = new AbortController();
  const answer = fetch(`${host.url}/api/nothing`, { signal: caller.signal });
  expect(await book.until("nobody answers its request")).toContain("Function 'nothing'");
  caller.abort();
  await expect(answer).rejects.toThrow("abort");
  expect(await (await fetch(`${host.url}/api/upper/x`, { method: "POST", body: "on" })).text()).toBe("ON!");
});

test("a streamed answer has the custom headers, too", async () => {
  const answer = await fetch(`${host.url}/api/upper/x`, { method: "POST", body: "on" });
  expect(answer.headers.get("x-robots")).toBe("no");
});
