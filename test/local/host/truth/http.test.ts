/**
 * What the end-to-end tests of the Node worker and of the host state about HTTP, hooks, logs and timers, shown on ours.
 *
 * Sources: Azure/azure-functions-nodejs-e2e-tests, src/http.test.ts, src/hooks.test.ts and src/timer.test.ts;
 * Azure/azure-functions-host, test/WebJobs.Script.Tests.Integration/WebHostEndToEnd/SamplesEndToEndTests_Node.cs and
 * NodeEndToEndTests.cs. Each group names its file, and the test's own name there stands in brackets.
 */
import http from "node:http";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { type RunningHost, startHost } from "../../../../local/host/index.ts";
import { until } from "../../../waiting.ts";
import { logBook, temporaryFolder } from "../harness.ts";
import { truthApp } from "./truth-app.ts";

const { folder, remove } = temporaryFolder();
const book = logBook();
const clock = new ManualClock();
let host: RunningHost;

beforeAll(async () => {
  const env = { "AzureWebJobs.switchedOff.Disabled": "1" };
  host = await startHost({
    app: truthApp("http"),
    port: 0,
    data: folder,
    keys: true,
    clock,
    log: book.log,
    env,
  });
});
afterAll(async () => {
  await host.stop();
  remove();
});

const call = (path: string, init?: RequestInit) => fetch(`${host.url}/api/${path}`, init);
const answer = async (path: string, init?: RequestInit) => {
  const response = await call(path, init);
  return [response.status, await response.text()];
};
const lines = () => book.lines.map(({ message }) => message);

describe("nodejs-e2e-tests, src/http.test.ts", () => {
  test("greets the world, the name in the body, or the name in the query (hello world)", async () => {
    expect(await answer("hello")).toEqual([200, "Hello, world!"]);
    expect(await answer("hello", { method: "POST", body: "testName" })).toEqual([200, "Hello, testName!"]);
    expect(await answer("hello?name=testName")).toEqual([200, "Hello, testName!"]);
  });

  test("an unknown path is 404 without a body (No function)", async () => {
    expect(await answer("doesntExist")).toEqual([404, ""]);
  });

  test("route parameters arrive as text (route parameters)", async () => {
    expect(await (await call("params/testName/5")).json()).toEqual({ name: "testName", id: "5" });
  });

  test("the headers are those that were sent, with names in lower case, and no others (headers)", async () => {
    const { port } = new URL(host.url);
    const headers = { accept: "*/*", "accept-encoding": "gzip,deflate", TESTHEADER: "TestValue" };
    const { promise, resolve } = Promise.withResolvers<http.IncomingMessage>();
    http.get({ host: "localhost", port, path: "/api/headers", headers, agent: false }, resolve);
    expect(await json(await promise)).toEqual({
      accept: "*/*",
      "accept-encoding": "gzip,deflate",
      connection: "close",
      host: `localhost:${port}`,
      testheader: "TestValue",
    });
  });

  test("a repeated query key is one value with commas without streams (query)", async () => {
    expect(await (await call("query?name=testName&dupe=1&dupe=2")).json()).toEqual({
      query: { name: "testName", dupe: "1,2" },
      first: "1,2",
      all: ["1,2"],
    });
  });

  test("cookies have the path / without streams, and their attributes in lower case (Cookies)", async () => {
    const response = await call("cookies");
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.getSetCookie()).toEqual([
      "mycookie=myvalue; max-age=200000; path=/",
      "mycookie2=myvalue; max-age=200000; path=/",
      "mycookie3-expires=myvalue3-expires; max-age=0; path=/",
      "mycookie4-samesite-lax=myvalue; path=/; samesite=lax",
      "mycookie5-samesite-strict=myvalue; path=/; samesite=strict",
    ]);
  });

  test("each of 256 concurrent requests gets its own answer (http trigger concurrent requests)", async () => {
    const names = Array.from({ length: 256 }, (_, index) => `name ${index}`);
    const answers = await Promise.all(names.map((body) => answer("hello", { method: "POST", body })));
    expect(answers).toEqual(names.map((name) => [200, `Hello, ${name}!`]));
  });
});

describe("nodejs-e2e-tests, src/hooks.test.ts", () => {
  test("the start hook has run before the first request (app start)", async () => {
    expect(await answer("started")).toEqual([200, "true"]);
  });

  test("invocation hooks see and change inputs and handler, share data, and may not replace it (invocation)", async () => {
    expect(await answer("hooked", { method: "POST" })).toEqual([200, "hookBodyResponse"]);
    for (const line of [
      "preInvocation with inputs HttpRequest",
      "Ignored: Cannot assign to read only property 'hookData'",
      "Ignored: Cannot assign to read only property 'invocationContext'",
      "extra log from updated functionHandler",
      "hooked was triggered with second input extraTestInput12345",
      'postInvocation with error: null, result: {"body":"hookBodyResponse"}, hook data: preInvocationHookData123',
    ]) {
      expect(await book.until(line)).toContain(line);
    }
    expect(lines()).not.toContain("This should never run.");
  });
});

describe("nodejs-e2e-tests, src/timer.test.ts", () => {
  test("a timer runs when it is due, and one that fails is tried again until it passes (hello world, retry)", async () => {
    clock.advance(30_000);
    await book.until("timer was triggered");
    await book.until("retried error on attempt 0");
    await until(() => {
      clock.advance(1_000);
      return lines().includes("retried pass on attempt 2");
    });
    expect(lines().some((line) => line.includes("retried error on attempt 1"))).toBe(true);
  });
});

describe("azure-functions-host, SamplesEndToEndTests_Node.cs", () => {
  const named = (query: string, headers = {}) => answer(`hello?${query}`, { headers });

  test("a repeated name is greeted with a comma (HttpTrigger_DuplicateQueryParams_Succeeds)", async () => {
    expect(await named("name=Mathew&name=Amy")).toEqual([200, "Hello, Mathew,Amy!"]);
  });

  test("an empty query value does no harm (HttpTrigger_EmptyQueryParams_Succeeds)", async () => {
    expect(await named("empty=&name=Amy")).toEqual([200, "Hello, Amy!"]);
  });

  test("an empty header does no harm (HttpTrigger_EmptyHeaderValues_Succeeds)", async () => {
    expect(await named("name=Amy", { EmptyValue: "" })).toEqual([200, "Hello, Amy!"]);
  });

  test.each([
    [
      "electronics/4e2796ae-b865-4071-8a20-2a15cbaf856c",
      200,
      "electronics 4e2796ae-b865-4071-8a20-2a15cbaf856c",
    ],
    ["electronics", 200, "electronics <empty>"],
    ["", 200, "<empty> <empty>"],
    ["electronics/notaguid", 404, ""],
    ["999/4e2796ae-b865-4071-8a20-2a15cbaf856c", 404, ""],
  ])(
    "optional and constrained parameters: '%s' answers %i (HttpTrigger_CustomRoute_Get_ReturnsExpectedResponse)",
    async (path, status, body) => {
      expect(await answer(`node/products/${path}`)).toEqual([status, body]);
    },
  );

  test("a disabled function is 404, and runs for the master key (HttpTrigger_Disabled_SucceedsWithAdminKey)", async () => {
    expect((await call("switchedOff")).status).toBe(404);
    expect(await answer(`switchedOff?code=${host.masterKey}`)).toEqual([200, "Hello World!"]);
  });
});

describe("azure-functions-host, NodeEndToEndTests.cs", () => {
  const post = (path: string, body: string, type: string) =>
    call(path, { method: "POST", body, headers: { "content-type": type } });

  test.each([
    ["application/json", '{"name": "test" }'],
    ["application/json", "1"],
    ["application/json", '{"test_time": "2016-03-31T07:02:00+07:00", "test_bool": "true" }'],
    ["application/xml", "<root>XML payload</string>"],
    ["text/plain", "plain text input"],
  ])(
    "a response with type %s leaves as written: %s (HttpTrigger_WithRawResponse_ReturnsContent)",
    async (type, body) => {
      const response = await post(`raw?type=${type}`, body, "application/json");
      expect([response.headers.get("content-type")?.split(";")[0], await response.text()]).toEqual([
        type,
        body,
      ]);
    },
  );

  test.each(['{"name": 1 }', "<root>XML payload</string>", "plain text input"])(
    "a text response without a type is plain text: %s (HttpTrigger_WithRawResponse_ReturnsContent, no content type)",
    async (body) => {
      const response = await post("raw", body, "application/json");
      const type = response.headers.get("content-type")?.split(";")[0];
      expect([type, await response.text()]).toEqual(["text/plain", body]);
    },
  );

  test("a long text comes whole (HttpTrigger_GetPlainText_WithLongResponse_ReturnsExpectedResult)", async () => {
    expect(await answer("raw", { method: "POST", body: ".".repeat(2000) })).toEqual([200, ".".repeat(2000)]);
  });

  test("a GET has no body (HttpTrigger_Get_Succeeds)", async () => {
    const response = await call("hasBody");
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({ hasBody: false });
  });

  test("a body that claims to be JSON and is not reaches the handler (HttpTrigger_MalformedJsonBody_Succeeds)", async () => {
    const response = await post("bodyKind", "} not json", "AppLication/json");
    expect(await response.json()).toEqual({ type: "string", body: "} not json" });
  });

  test("a status alone is an answer (HttpTriggerExpressApi_SendStatus_Succeeds)", async () => {
    expect((await call("refusal")).status).toBe(400);
  });

  test("a user's lines keep their level and are formatted like the console's (Scenario_Logging)", async () => {
    await call("logging");
    const users = book.lines.filter(({ category }) => category === "Function.logging.User");
    expect(users.map(({ level, message }) => [level, message])).toEqual([
      ["information", "loglevel default"],
      ["information", "loglevel info"],
      ["trace", "loglevel verbose"],
      ["warning", "loglevel warn"],
      ["error", "loglevel error"],
      ["information", "Mathew Charles"],
      ["information", "null"],
      ["information", "1234"],
      ["information", "true"],
    ]);
  });
});
