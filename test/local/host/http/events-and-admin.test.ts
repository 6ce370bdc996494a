import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunningHost } from "../../../../local/host/index.ts";
import { allSeen, logBook, saw, serve, serveInTest, temporaryFolder } from "../harness.ts";

const { folder, remove } = temporaryFolder();
const book = logBook();
let host: RunningHost;

beforeAll(async () => {
  host = await serve("events", { data: folder, log: book.log });
});
afterAll(async () => {
  await host.stop();
  remove();
});
beforeEach(() => void book.lines.splice(0));

const webhook = (functionName: string, init: RequestInit & { kind?: string }) =>
  fetch(`${host.url}/runtime/webhooks/eventgrid?functionName=${functionName}`, {
    method: "POST",
    ...init,
    headers: { ...init.headers, ...(init.kind && { "aeg-event-type": init.kind }) },
  });

const event = {
  id: "e1",
  topic: "/subscriptions/s",
  subject: "models/credit",
  eventType: "Microsoft.MachineLearningServices.ModelRegistered",
  eventTime: "2026-01-01T00:00:00.1234567Z",
  data: { ModelName: "credit" },
  dataVersion: "2",
  metadataVersion: "1",
  extra: [1],
};

describe("the Event Grid webhook", () => {
  test("answers the validation event with its code", async () => {
    const body = JSON.stringify([{ ...event, data: { validationCode: "c0de" } }]);
    const response = await webhook("onEvent", { kind: "SubscriptionValidation", body });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ validationResponse: "c0de" });
  });

  test("answers a validation whose data is JSON text", async () => {
    const body = JSON.stringify({ specversion: "1.0", data: JSON.stringify({ validationCode: "c0de" }) });
    const response = await webhook("onEvent", { kind: "SubscriptionValidation", body });
    expect(await response.json()).toEqual({ validationResponse: "c0de" });
  });

  test("hands an event over exactly as received, ignoring the case of the function's name", async () => {
    const response = await webhook("ONEVENT", { kind: "Notification", body: JSON.stringify([event]) });
    expect(response.status).toBe(202);
    expect(await saw(book)).toMatchObject({ event });
  });

  test("tells top-level properties as metadata, data with lowered keys, arrays left out", async () => {
    await webhook("onEvent", { kind: "Notification", body: JSON.stringify(event) });
    const { metadata } = (await saw(book)) as { metadata: object };
    expect(metadata).toMatchObject({ id: "e1", subject: "models/credit", data: { modelName: "credit" } });
    expect(metadata).not.toHaveProperty("extra");
  });

  test("runs once for each event of an array", async () => {
    const events = ["e1", "e2", "e3"].map((id) => ({ ...event, id }));
    await webhook("onEvent", { kind: "Notification", body: JSON.stringify(events) });
    expect(allSeen(book)).toHaveLength(3);
  });

  test("answers 500 with the error when any event fails, so that all are sent again", async () => {
    const body = JSON.stringify([event, { ...event, subject: "bad" }]);
    const response = await webhook("onEvent", { kind: "Notification", body });
    expect(response.status).toBe(500);
    expect(await response.text()).toContain("cannot be handled");
    expect(allSeen(book)).toHaveLength(2);
  });

  test("answers 404 naming a function that is not there", async () => {
    const response = await webhook("nobody", { kind: "Notification", body: "[]" });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("cannot find function: 'nobody'");
  });

  test.each([
    // Azure/azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.EventGrid/tests/TestListener.cs:
    // TestSubscribeOptionsKnownAllowedOrigin names these five and no others
    ...["net", "us", "cn", "eaglex.ic.gov", "microsoft.scloud"].map((cloud) => ({
      origin: `eventgrid.azure.${cloud}`,
      allowed: `eventgrid.azure.${cloud}`,
    })),
    { origin: "example.com", allowed: "eventgrid.azure.net" },
    { origin: "eventgrid.azure.net.example.com", allowed: "eventgrid.azure.net" },
  ])("allows $allowed to a CloudEvents handshake from $origin", async ({ origin, allowed }) => {
    const response = await webhook("onEvent", {
      method: "OPTIONS",
      headers: { "WebHook-Request-Origin": origin },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("webhook-allowed-origin")).toBe(allowed);
  });

  test("answers 202 to an unsubscription", async () => {
    expect((await webhook("onEvent", { kind: "Unsubscribe", body: "" })).status).toBe(202);
  });

  test.each([
    { what: "no aeg-event-type", init: { body: "[]" }, status: 400 },
    // the same folder, src/TriggerBinding/HttpRequestProcessor.cs: what it cannot read throws
    { what: "a body that is not JSON", init: { kind: "Notification", body: "{" }, status: 500 },
    { what: "a text", init: { kind: "Notification", body: '"event"' }, status: 500 },
    { what: "an event that is a number", init: { kind: "Notification", body: "[1]" }, status: 500 },
    {
      what: "a validation without a code",
      init: { kind: "SubscriptionValidation", body: "[{}]" },
      status: 500,
    },
  ])("answers $status to $what", async ({ init, status }) => {
    expect((await webhook("onEvent", init)).status).toBe(status);
  });

  test("answers 404 for an extension the app does not use", async () => {
    expect((await fetch(`${host.url}/runtime/webhooks/durabletask/instances/x`)).status).toBe(404);
    expect((await fetch(`${host.url}/runtime/webhooks/other`)).status).toBe(404);
  });
});

describe("hooks", () => {
  test("see and replace inputs, share data, and turn a failure into success", async () => {
    const response = await webhook("hooked", { kind: "Notification", body: JSON.stringify(event) });
    expect(response.status).toBe(202);
    expect(await saw(book)).toEqual({
      order: ["pre"],
      refused: "TypeError: Cannot assign to read only property 'hookData'",
      error: "Error: got replaced",
    });
  });

  test("change the level of a user's line, which passes the filter of host.json", async () => {
    await fetch(`${host.url}/slow/one`);
    const line = book.lines.find(({ message }) => message === "a whisper");
    expect(line).toMatchObject({ level: "warning", category: "Function.slow.User" });
    expect(book.lines.some(({ message }) => message.includes("too quiet"))).toBe(false);
  });

  test("run at start and at the end of the app", async () => {
    expect(process.env.EVENTS_APP_STARTED).toBe("yes");
    const other = await serve("events", { data: `${folder}/other` });
    await other.stop();
    expect(process.env.EVENTS_APP_STARTED).toBe("terminated");
  });
});

describe("the log around an invocation", () => {
  test("tells function, reason, id and outcome", async () => {
    await fetch(`${host.url}/abc`);
    const messages = book.lines
      .filter(({ category }) => category === "Function.root")
      .map(({ message }) => message);
    expect(messages[0]).toMatch(/^Executing 'Functions\.root' \(Reason='.+', Id=[\da-f-]{36}\)$/);
    expect(messages[1]).toMatch(
      /^Executed 'Functions\.root' \(Succeeded, Id=[\da-f-]{36}, Duration=\d+ms\)$/,
    );
  });
});

describe("HTTP settings", () => {
  test("an empty route prefix puts functions at the root", async () => {
    expect(await (await fetch(`${host.url}/abc`)).text()).toBe("abc");
  });

  test("a request beyond maxOutstandingRequests is answered 429", async () => {
    const first = fetch(`${host.url}/slow/one`);
    await book.until("Executing 'Functions.slow'");
    expect((await fetch(`${host.url}/slow/one`)).status).toBe(429);
    expect((await first).status).toBe(200);
  });

  // Azure/azure-functions-host, HttpThrottleMiddleware.cs: all but administration passes it
  test("webhooks count among the outstanding requests, and a refusal has no body", async () => {
    const first = fetch(`${host.url}/slow/one`);
    await book.until("Executing 'Functions.slow'");
    const refused = await webhook("onEvent", { kind: "Notification", body: "[]" });
    expect([refused.status, await refused.text()]).toEqual([429, ""]);
    expect(refused.headers.get("x-function-scaleout")).toBe("1");
    expect((await fetch(`${host.url}/admin/host/status`)).status).toBe(200);
    await first;
  });

  // CustomHttpHeadersMiddleware.cs: added to what the job host answers, unless it is there already
  test("custom headers are on every answer, and a function's own come first", async () => {
    const env = {
      "AzureFunctionsJobHost__extensions__http__customHeaders__X-Robots": "no",
      "AzureFunctionsJobHost__extensions__http__customHeaders__Content-Type": "text/x-custom",
    };
    const other = await serveInTest("events", { env });
    for (const path of ["/abc", "/no/such/route", "/admin/host/status", "/"])
      expect((await fetch(`${other.url}${path}`)).headers.get("x-robots")).toBe("no");
    expect((await fetch(`${other.url}/abc`)).headers.get("content-type")).toBe("text/plain;charset=UTF-8");
  });

  test("a request beyond maxConcurrentRequests waits for its turn", async () => {
    const env = {
      AzureFunctionsJobHost__extensions__http__maxOutstandingRequests: "2",
      AzureFunctionsJobHost__extensions__http__maxConcurrentRequests: "1",
    };
    const other = await serveInTest("events", { env, log: book.log });
    const answers = await Promise.all([1, 2].map(() => fetch(`${other.url}/slow/one`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const order = book.lines.flatMap(
      ({ message }) => /^(Execut\w+) 'Functions\.slow'/.exec(message)?.[1] ?? [],
    );
    expect(order).toEqual(["Executing", "Executed", "Executing", "Executed"]);
  });

  test("a function that outlasts functionTimeout fails, and the log says what Azure does besides", async () => {
    const env = { AzureFunctionsJobHost__functionTimeout: "00:00:00.02" };
    const other = await serveInTest("events", { env, log: book.log });
    expect((await fetch(`${other.url}/slow/one`)).status).toBe(500);
    const line = await book.until("Timeout value of 0.02 s was exceeded by function: Functions.slow");
    expect(line).toContain("Azure ends the worker process");
  });

  test("an origin of Host.CORS is allowed, another is not", async () => {
    const from = (origin: string) => fetch(`${host.url}/abc`, { headers: { origin } });
    const allowed = await from("https://portal.example.com");
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://portal.example.com");
    expect((await from("https://other.example.com")).headers.has("access-control-allow-origin")).toBe(false);
  });

  test("values of local.settings.json are in the environment while the host runs", async () => {
    expect(process.env.LOCAL_VALUE).toBe("local");
  });

  test("a stopping host lets a running request end", async () => {
    const other = await serve("events", { data: `${folder}/stopping`, log: book.log });
    const answer = fetch(`${other.url}/slow/one`);
    await book.until("Executing 'Functions.slow'");
    await other.stop();
    expect(await (await answer).text()).toBe("done");
  });
});

describe("administration", () => {
  const headers = { "content-type": "application/json" };
  const admin = (path: string, init?: RequestInit) =>
    fetch(`${host.url}/admin/${path}`, { headers, ...init });

  test("tells that the host runs", async () => {
    expect(await (await admin("host/status")).json()).toMatchObject({
      state: "Running",
      version: "4.1047.0",
    });
    expect((await admin("host/ping")).status).toBe(200);
  });

  test("tells how far a drain is, and goes on when it is told to resume", async () => {
    const state = async () => (await (await admin("host/drain/status")).json()).state;
    const post = async (path: string) => (await admin(path, { method: "POST" })).status;
    expect(await state()).toBe("Disabled");
    const answer = fetch(`${host.url}/slow/one`);
    await book.until("Executing 'Functions.slow'");
    expect(await post("host/drain")).toBe(202);
    expect(await state()).toBe("InProgress");
    expect((await answer).status).toBe(200);
    expect(await state()).toBe("Completed");
    expect(await post("host/resume")).toBe(200);
    expect(await state()).toBe("Disabled");
  });

  test.each([
    { state: '"running"', status: 200 },
    { state: '"asleep"', status: 400 },
  ])("answers $status to the state $state", async ({ state, status }) => {
    expect((await admin("host/state", { method: "PUT", body: state })).status).toBe(status);
  });

  test("lists the functions and describes one", async () => {
    const all: { name: string }[] = await (await admin("functions")).json();
    expect(all.map(({ name }) => name)).toContain("never");
    expect(await (await admin("functions/ROOT")).json()).toMatchObject({
      name: "root",
      invoke_url_template: `${host.url}/{name:alpha}`,
      language: "node",
      isDisabled: false,
    });
    expect((await admin("functions/nobody")).status).toBe(404);
  });

  test("tells a sound function's status as an empty object", async () => {
    expect(await (await admin("functions/root/status")).json()).toEqual({});
  });

  test("fires a timer by hand, in the background", async () => {
    const response = await admin("functions/never", { method: "POST", body: JSON.stringify({ input: "" }) });
    expect(response.status).toBe(202);
    expect(await saw(book)).toMatchObject({
      timer: {
        schedule: { adjustForDST: true },
        scheduleStatus: { last: "0001-01-01T00:00:00" },
        isPastDue: false,
      },
    });
  });

  // ASP.NET has no reader for a body of another type: Azure/azure-functions-host, FunctionsController.Invoke [FromBody]
  test.each(["application/x-www-form-urlencoded", "text/plain"])("reads no body of type %s", async (type) => {
    const init = { body: '"running"', headers: { "content-type": type } };
    expect((await admin("functions/never", { method: "POST", ...init })).status).toBe(415);
    expect((await admin("host/state", { method: "PUT", ...init })).status).toBe(415);
  });

  test("hands the input to any other trigger", async () => {
    await admin("functions/onEvent", { method: "POST", body: JSON.stringify({ input: '{"id":"by hand"}' }) });
    expect(await saw(book)).toMatchObject({ event: { id: "by hand" } });
  });

  test("answers 400 without a body and 404 for an unknown function", async () => {
    expect((await admin("functions/never", { method: "POST" })).status).toBe(400);
    expect((await admin("functions/nobody", { method: "POST", body: "{}" })).status).toBe(404);
  });

  test.each(["GET host/keys", "GET host/systemkeys"])("answers %s", async (call) => {
    const [method = "", path = ""] = call.split(" ");
    expect(await (await admin(path, { method })).json()).toMatchObject({ keys: expect.any(Array) });
  });
});

describe("a host that asks for keys", () => {
  test("opens each level to its own keys and to the master key", async () => {
    const locked = await serveInTest("events", { keys: true });
    const { masterKey = "" } = locked;
    const keysOf = async (path: string): Promise<{ name: string; value: string }[]> =>
      (await (await fetch(`${locked.url}/admin/${path}?code=${masterKey}`)).json()).keys;
    const status = async (path: string, key?: string) =>
      (await fetch(`${locked.url}${path}`, { headers: key ? { "x-functions-key": key } : {} })).status;
    const [functionKey] = await keysOf("functions/function-locked/keys");
    const [hostKey] = await keysOf("host/keys");

    expect(await status("/abc")).toBe(200);
    expect(await status("/locked/one")).toBe(401);
    expect(await status("/locked/one", "wrong")).toBe(401);
    expect(await status("/locked/one", functionKey?.value)).toBe(200);
    expect(await status("/locked/one", hostKey?.value)).toBe(200);
    expect(await status("/locked/one", masterKey)).toBe(200);
    expect(await status("/locked/two", hostKey?.value)).toBe(401);
    expect(await status("/locked/two", masterKey)).toBe(200);
    expect(await status("/admin/host/status")).toBe(401);
    expect(await status("/admin/host/ping")).toBe(200);
    expect((await fetch(`${locked.url}/locked/one?code=${functionKey?.value}`)).status).toBe(200);
  });

  test("opens a webhook to its system key, in the query", async () => {
    const locked = await serveInTest("events", { keys: true });
    const hook = `${locked.url}/runtime/webhooks/eventgrid?functionName=onEvent`;
    expect((await fetch(hook, { method: "OPTIONS" })).status).toBe(401);
    const listed = await fetch(`${locked.url}/admin/host/systemkeys?code=${locked.masterKey}`);
    const { keys } = await listed.json();
    expect(keys).toEqual([{ name: "eventgrid_extension", value: expect.any(String) }]);
    expect((await fetch(`${hook}&code=${keys[0].value}`, { method: "OPTIONS" })).status).toBe(200);
  });

  test("sets and removes a function's key", async () => {
    const locked = await serveInTest("events", { keys: true });
    const headers = { "x-functions-key": locked.masterKey ?? "", "content-type": "application/json" };
    const url = `${locked.url}/admin/functions/function-locked/keys/partner`;
    const put = () => fetch(url, { method: "PUT", headers, body: JSON.stringify({ value: "partner-key" }) });
    // KeysController: Created, then Updated
    expect((await put()).status).toBe(201);
    expect((await put()).status).toBe(200);
    expect((await fetch(`${locked.url}/locked/one?code=partner-key`)).status).toBe(200);
    expect((await fetch(url, { method: "DELETE", headers })).status).toBe(204);
    expect((await fetch(`${locked.url}/locked/one?code=partner-key`)).status).toBe(401);
  });

  test("tells the master key and sets it, but never removes it", async () => {
    const locked = await serveInTest("events", { keys: true });
    const url = `${locked.url}/admin/host/systemkeys/_master`;
    const call = (method: string, key: string | undefined, body?: string) =>
      fetch(url, {
        method,
        headers: { "x-functions-key": key ?? "", "content-type": "application/json" },
        ...(body && { body }),
      });
    expect(await (await call("GET", locked.masterKey)).json()).toMatchObject({ value: locked.masterKey });
    expect((await call("DELETE", locked.masterKey)).status).toBe(400);
    expect((await call("PUT", locked.masterKey, '{"value":"mine"}')).status).toBe(200);
    expect((await call("GET", locked.masterKey)).status).toBe(401);
    expect((await call("GET", "mine")).status).toBe(200);
  });

  test.each(["{}", '{"value":""}', "", "no JSON"])("takes no key without characters: %s", async (body) => {
    const locked = await serveInTest("events", { keys: true });
    const headers = { "x-functions-key": locked.masterKey ?? "", "content-type": "application/json" };
    const url = `${locked.url}/admin/host/functionkeys/empty`;
    expect((await fetch(url, { method: "PUT", headers, body })).status).toBe(400);
    expect((await fetch(`${locked.url}/locked/one?code=`)).status).toBe(401);
  });
});
