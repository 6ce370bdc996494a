import http from "node:http";
import { afterEach, expect, test } from "vitest";
import { openHarness, orchestrator } from "./harness.ts";

const servers = new Set<http.Server>();
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers.clear();
});

/** A job that is done at the third look; answers its address. */
async function openJob(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers["x-functions-key"] ?? "-"}`);
    if (asked.length < 3) response.writeHead(202, { location: "/status", "retry-after": "5" }).end();
    else response.writeHead(200, { "x-kind": "job" }).end("finished");
  });
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/job`, asked };
}

const call = orchestrator(function* (context) {
  const { url, enablePolling } = Object(context.df.getInput());
  const headers = { "x-functions-key": "k" };
  const response: { statusCode: number; content: string; headers: Record<string, string> } =
    yield context.df.callHttp({ method: "POST", url, body: { a: 1 }, headers, enablePolling });
  return [response.statusCode, response.content, response.headers["x-kind"] ?? null];
});

test("40 an accepted request is polled where and when it says, under alternating numbers of calls and timers", async () => {
  const host = await openHarness();
  const { url, asked } = await openJob();
  const id = await host.client.startNew(call, { input: { url, enablePolling: true } });
  await host.pass(9_999);
  expect((await host.status(id)).runtimeStatus).toBe("Running");
  await host.pass(1);
  await host.settle();
  expect(await host.status(id)).toMatchObject({
    runtimeStatus: "Completed",
    output: [200, "finished", "job"],
  });
  expect(asked).toEqual(["POST /job k", "GET /status -", "GET /status -"]);
  const decisions = host.payloads.at(-1)?.history.filter((event) => [4, 10].includes(event.EventType));
  expect(decisions?.map((event) => [event.EventType, event.EventId])).toEqual([
    [4, 0],
    [10, 1],
    [4, 2],
    [10, 3],
    [4, 4],
  ]);
});

test("40 without polling the acceptance itself is the answer", async () => {
  const host = await openHarness();
  const { url } = await openJob();
  expect((await host.run(call, { url, enablePolling: false })).output).toEqual([202, "", null]);
});

test("a redirection is followed, a POST by a GET", async () => {
  const host = await openHarness();
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/job") response.writeHead(302, { location: "/elsewhere" }).end();
    else response.end("found");
  });
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/job`;
  expect((await host.run(call, { url, enablePolling: true })).output).toEqual([200, "found", null]);
  expect(asked).toEqual(["POST /job", "GET /elsewhere"]);
});

test("a connection that cannot be made fails the call", async () => {
  const host = await openHarness();
  const url = "http://127.0.0.1:1/";
  expect(await host.run(call, { url, enablePolling: true })).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("BuiltIn::HttpActivity"),
  });
});
