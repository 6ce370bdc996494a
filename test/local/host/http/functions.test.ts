import http from "node:http";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningHost } from "../../../../local/host/index.ts";
import { logBook, serve, temporaryFolder } from "../harness.ts";

const { folder, remove } = temporaryFolder();
const book = logBook();
let host: RunningHost;

beforeAll(async () => {
  const env = { "AzureWebJobs.disabled.Disabled": "true" };
  host = await serve("http", { data: folder, env, log: book.log });
});
afterAll(async () => {
  await host.stop();
  remove();
});

const call = (path: string, init?: RequestInit) => fetch(`${host.url}/api/${path}`, init);
const bodyOf = async (path: string) => (await call(path)).text();

describe("the request a handler receives", () => {
  test("carries method, absolute URL, body and headers", async () => {
    const response = await call("echo/7/x?b=c", { method: "POST", headers: { "X-One": "1" }, body: "hello" });
    expect(await response.json()).toMatchObject({
      method: "POST",
      url: `${host.url}/api/echo/7/x?b=c`,
      header: "1",
      body: "hello",
      functionName: "echo",
    });
  });

  test("has every route value as text, also an integer", async () => {
    expect(await (await call("echo/7")).json()).toMatchObject({ params: { id: "7" } });
  });

  test("leaves an optional route value out when the path has none", async () => {
    expect((await (await call("echo/7")).json()).params).toEqual({ id: "7" });
  });

  test("collapses a repeated query key into one comma-joined value", async () => {
    expect((await (await call("echo/7?a=1&a=2")).json()).query).toEqual([["a", "1,2"]]);
  });

  test("has an empty query when the URL has none", async () => {
    expect((await (await call("echo/7")).json()).query).toEqual([]);
  });

  test("has no trigger metadata", async () => {
    expect((await (await call("echo/7")).json()).hasMetadata).toBe(false);
  });

  test("passes the traceparent header on as trace context", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const seen = await (await call("echo/7", { headers: { traceparent } })).json();
    expect(seen.traceParent).toBe(traceparent);
  });

  test("gets a new invocation id each time", async () => {
    const [first, second] = await Promise.all([(await call("echo/7")).json(), (await call("echo/7")).json()]);
    expect(first.invocationId).toMatch(/^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/);
    expect(first.invocationId).not.toBe(second.invocationId);
  });

  test("accepts a body sent in chunks without a length, and says that Azure would drop it", async () => {
    const { promise, resolve } = Promise.withResolvers<http.IncomingMessage>();
    const request = http.request(`${host.url}/api/echo/7`, { method: "POST" }, resolve);
    request.write("chun");
    request.end("ked");
    expect(await json(await promise)).toMatchObject({ body: "chunked" });
    expect(await book.until("POST /api/echo/7: The body came in chunks")).toContain("Azure drops it");
  });

  test("knows the user of a static web app from its principal header", async () => {
    const principal = {
      identityProvider: "aad",
      userId: "u1",
      userDetails: "someone",
      userRoles: ["reader"],
    };
    const headers = { "x-ms-client-principal": Buffer.from(JSON.stringify(principal)).toString("base64") };
    const seen = await (await call("echo/7", { headers })).json();
    expect(seen.user).toMatchObject({ type: "StaticWebApps", id: "u1", username: "someone" });
  });
});

describe("the response the caller receives", () => {
  test.each([
    { path: "nothing", answer: "a handler that returns nothing", status: 204, body: "" },
    { path: "empty", answer: "an empty object", status: 200, body: "" },
    { path: "nullJson", answer: "a jsonBody of null", status: 200, body: "" },
    { path: "text", answer: "a text body", status: 200, body: "plain" },
    { path: "teapot", answer: "an HttpResponse", status: 418, body: "short" },
    { path: "noContent", answer: "status 304", status: 304, body: "" },
    { path: "notAnObject", answer: "a value that is no object", status: 500, body: "" },
    { path: "wrongStatus", answer: "a status outside 200 to 599", status: 500, body: "" },
    { path: "fails", answer: "a throw, whose text stays inside", status: 500, body: "" },
  ])("is $status '$body' for $answer", async ({ path, status, body }) => {
    const response = await call(path);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  });

  test("has no content type when there is no body", async () => {
    expect((await call("nullJson")).headers.get("content-type")).toBeNull();
  });

  test("says plain text in UTF-8 unless the handler says otherwise", async () => {
    expect((await call("text")).headers.get("content-type")).toBe("text/plain;charset=UTF-8");
  });

  test("carries bytes unchanged", async () => {
    const response = await call("bytes");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([0, 255, 1]));
    expect(response.headers.get("content-type")).toBe("application/x-raw");
  });

  test("has the handler's headers and those host.json adds", async () => {
    const { headers } = await call("teapot");
    expect(headers.get("x-two")).toBe("2");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("writes each cookie on its own line, encoded, with a path", async () => {
    expect((await call("cookies")).headers.getSetCookie()).toEqual([
      "a=1%202; max-age=60; domain=example.com; path=/; secure; samesite=none; httponly",
      "b=x; expires=Wed, 02 Jan 2030 03:04:05 GMT; path=/b",
    ]);
  });
});

describe("what Azure would not do either, the log says", () => {
  test("a line logged after the function has ended names the function that did not wait", async () => {
    await call("late");
    const line = await book.until("Unexpected call to 'log'");
    expect(line).toContain("Function name: late.");
  });

  // Azure/azure-functions-nodejs-worker, InvocationHandler.ts and errors.ts: null and undefined are no error
  test("throwing undefined counts as a success without a result, and the log says so", async () => {
    expect((await call("throwsNothing")).status).toBe(204);
    expect(await book.until("threw undefined")).toContain("Function 'throwsNothing'");
  });

  test("a retry policy on an HTTP trigger has no effect", async () => {
    expect((await call("failsOnce")).status).toBe(500);
    const runs = book.lines.filter(({ message }) => message.startsWith("Executing 'Functions.failsOnce'"));
    expect(runs).toHaveLength(1);
    expect(await book.until("a retry policy has no effect")).toContain("Function 'failsOnce'");
  });
});

describe("routing", () => {
  test("takes the first function by name, even when a later one is more literal", async () => {
    expect(await bodyOf("orders/stats")).toBe("by id");
    const warnings = book.lines.filter(({ message }) => message.includes("comes first by its name"));
    const rest =
      "whose route api/orders/{id} comes first by its name, here as in Azure. Constrain its parameter.";
    expect(warnings).toMatchObject([
      {
        level: "warning",
        message: `Function 'bOrderByKey': GET api/orders/{key} goes to 'aOrderById', ${rest}`,
      },
      {
        level: "warning",
        message: `Function 'bOrderStats': GET api/orders/stats goes to 'aOrderById', ${rest}`,
      },
    ]);
  });

  test("tells functions with the same template apart by method", async () => {
    expect(await (await call("orders/1", { method: "POST" })).text()).toBe("posted");
  });

  test("ignores the case of the path", async () => {
    expect(await bodyOf("TEXT")).toBe("plain");
  });

  test("answers 404 without a body where no function is", async () => {
    const response = await call("nowhere");
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("");
  });

  test("answers 404, never 405, for a method no function takes", async () => {
    expect((await call("removal")).status).toBe(404);
    expect((await call("removal", { method: "DELETE" })).status).toBe(202);
  });

  test("answers 404 when a constraint does not hold", async () => {
    expect((await call("echo/seven")).status).toBe(404);
  });

  test("gives a catch-all the rest of the path, decoded", async () => {
    expect(await bodyOf("files/a%20b/c")).toBe("[a b/c]");
    expect(await bodyOf("files")).toBe("[none]");
  });

  test("fills a default in for a missing segment", async () => {
    expect(await bodyOf("paged")).toBe("1");
    expect(await bodyOf("paged/3")).toBe("3");
  });

  test("answers 404 for a disabled function", async () => {
    expect((await call("disabled")).status).toBe(404);
  });

  test("answers 404 for a path with a broken escape", async () => {
    expect((await call("orders/%E0%A4%A")).status).toBe(404);
  });

  test("answers the home page at the root", async () => {
    const response = await fetch(host.url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html");
  });

  test("answers 413 to a body above the limit before reading it", async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const headers = { "content-length": 104_857_601 };
    const request = http.request(`${host.url}/api/echo/1`, { method: "POST", headers }, (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    request.once("error", reject).write("x");
    expect(await promise).toBe(413);
  });
});

describe("what cannot be served", () => {
  const errorOf = async (name: string) => {
    const response = await fetch(`${host.url}/admin/functions/${name}/status`);
    return (await response.json()).errors[0];
  };

  test.each([
    { name: "zAdmin", says: "conflicts with one or more built in routes: 'admin/things'" },
    {
      name: "zConflict",
      says: "The route specified conflicts with the route defined by function 'aOrderById'.",
    },
    { name: "zConstraint", says: "route constraint 'prime' cannot be read" },
    { name: "zSetting", says: "there is no app setting 'NO_SUCH_SETTING'" },
    { name: "zQueue", says: "does not support the trigger type 'queueTrigger'" },
  ])("excludes $name and says why, while the others run", async ({ name, says }) => {
    const error = await errorOf(name);
    expect(error).toContain(`'${name}'`);
    expect(error).toContain(says);
    expect(host.functions.map((each) => each.name)).not.toContain(name);
  });
});

test("the app finds its own address in WEBSITE_HOSTNAME", async () => {
  expect(await bodyOf("webSite")).toBe(`localhost:${host.port}`);
});
