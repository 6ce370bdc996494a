import { HttpRequest } from "@azure/functions";
import { expect, test } from "vitest";
import { activity, df, entity, openHarness, orchestrator } from "./harness.ts";

const echo = orchestrator(function* (context) {
  return context.df.getInput();
});
const waitForGo = orchestrator(function* (context) {
  return yield context.df.waitForExternalEvent("go");
});

test("1 an id that is not given has 32 lower-case hexadecimal digits, and its status can be read at once", async () => {
  const host = await openHarness();
  const id = await host.client.startNew(waitForGo);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect((await host.client.getStatus(id)).instanceId).toBe(id);
});

test("2 no input arrives as an empty text, null as null", async () => {
  const host = await openHarness();
  expect((await host.run(echo)).output).toBe("");
  expect((await host.run(echo, null)).output).toBeNull();
});

test("3 a live id is refused with 409, an ended one starts afresh, and AnyState allows both", async () => {
  const host = await openHarness();
  await host.client.startNew(waitForGo, { instanceId: "one" });
  await expect(host.client.startNew(waitForGo, { instanceId: "one" })).rejects.toThrow("409");
  await host.client.raiseEvent("one", "go", 1);
  await host.settle();
  await host.client.startNew(waitForGo, { instanceId: "one" });
  await host.settle();
  expect(await host.status("one")).toMatchObject({ runtimeStatus: "Running", output: null });
  const lax = await openHarness({ config: { overridableExistingInstanceStates: "AnyState" } });
  await lax.client.startNew(waitForGo, { instanceId: "two" });
  await lax.client.startNew(echo, { instanceId: "two", input: 7 });
  await lax.settle();
  expect(await lax.status("two")).toMatchObject({ runtimeStatus: "Completed", output: 7 });
});

test.each([
  { what: "an unknown orchestrator", path: "orchestrators/nobody" },
  { what: "an id that begins with @", path: `orchestrators/${waitForGo}/@x` },
  { what: "an id with a slash", path: `orchestrators/${waitForGo}/a%2Fb` },
  { what: "a body that is not JSON", path: `orchestrators/${waitForGo}`, body: "{" },
])("4 starting with $what answers 400", async ({ path, body }) => {
  const host = await openHarness();
  expect((await host.request("POST", path, body ?? "1")).status).toBe(400);
});

test("5 a status is 202 with Location and Retry-After while it runs, 200 when it has failed, 404 unknown", async () => {
  const host = await openHarness();
  const failing = orchestrator(function* () {
    throw new Error("no");
  });
  await host.client.startNew(waitForGo, { instanceId: "runs" });
  await host.client.startNew(failing, { instanceId: "failed" });
  await host.settle();
  const running = await host.request("GET", "instances/runs");
  expect(running.status).toBe(202);
  expect(running.headers.get("retry-after")).toBe("5");
  expect(running.headers.get("location")).toBe(`${host.baseUrl}/instances/runs`);
  expect((await host.request("GET", "instances/failed")).status).toBe(200);
  expect((await host.request("GET", "instances/failed?returnInternalServerErrorOnFailure=true")).status).toBe(
    500,
  );
  expect((await host.request("GET", "instances/unknown")).status).toBe(404);
  await expect(host.client.getStatus("unknown")).rejects.toThrow("could not find any data associated");
});

test("6 a status has all its keys, and its times are whole seconds of UTC", async () => {
  const host = await openHarness();
  const id = await host.client.startNew(waitForGo);
  await host.settle();
  expect(await host.status(id)).toEqual({
    name: waitForGo,
    instanceId: id,
    runtimeStatus: "Running",
    input: "",
    output: null,
    customStatus: null,
    createdTime: "2026-01-01T00:00:00Z",
    lastUpdatedTime: "2026-01-01T00:00:00Z",
  });
});

test("7 the input can be left out, and a history tells each task once with its name and time", async () => {
  const host = await openHarness();
  const shout = activity((text) => String(text).toUpperCase());
  const name = orchestrator(function* (context) {
    return yield context.df.callActivity(shout, "hi");
  });
  const { instanceId } = await host.run(name, "secret");
  expect((await host.status(instanceId, "?showInput=false")).input).toBeNull();
  const { historyEvents } = await host.status(instanceId, "?showHistory=true&showHistoryOutput=true");
  expect(historyEvents?.map((item) => item.EventType)).toEqual([
    "ExecutionStarted",
    "TaskCompleted",
    "ExecutionCompleted",
  ]);
  expect(historyEvents?.[0]).toMatchObject({ FunctionName: name, Input: '"secret"' });
  expect(historyEvents?.[1]).toMatchObject({
    FunctionName: shout,
    Result: "HI",
    ScheduledTime: "2026-01-01T00:00:00.000Z",
  });
  expect(historyEvents?.[2]).toMatchObject({ OrchestrationStatus: "Completed", Result: "HI" });
});

test("8 a listing pages by its size, and filters by several statuses and by creation time", async () => {
  const host = await openHarness();
  for (const id of ["a", "b", "c"]) await host.client.startNew(echo, { instanceId: id, input: id });
  host.clock.advance(60_000);
  await host.client.startNew(waitForGo, { instanceId: "d" });
  await host.settle();
  const first = await host.request("GET", "instances/?top=3");
  const token = first.headers.get("x-ms-continuation-token");
  expect(token).toBeTruthy();
  const rest = await host.request("GET", "instances?top=3", undefined, {
    "x-ms-continuation-token": String(token),
  });
  expect(await rest.json()).toMatchObject([{ instanceId: "d" }]);
  expect(rest.headers.get("x-ms-continuation-token")).toBeFalsy();
  expect(await host.client.getStatusAll()).toHaveLength(4);
  const { Completed, Terminated, Running } = df.OrchestrationRuntimeStatus;
  const ended = await host.client.getStatusBy({ runtimeStatus: [Completed, Terminated] });
  expect(ended.map((one) => one.instanceId)).toEqual(["a", "b", "c"]);
  const createdTimeFrom = new Date(host.clock.now() - 1000);
  const late = await host.client.getStatusBy({ createdTimeFrom, runtimeStatus: [Running, Completed] });
  expect(late.map((one) => one.instanceId)).toEqual(["d"]);
});

test.each(["-1", "0", "1.5", "many", "99999999999"])(
  "8b a page size of %s is the default one",
  async (top) => {
    const host = await openHarness();
    for (const id of ["a", "b"]) await host.client.startNew(echo, { instanceId: id });
    const page = await host.request("GET", `instances?top=${top}`);
    expect(await page.json()).toMatchObject([{ instanceId: "a" }, { instanceId: "b" }]);
    expect(page.headers.get("x-ms-continuation-token")).toBeFalsy();
  },
);

test("a task hub named by a setting that is not there is refused", async () => {
  await expect(openHarness({ config: { hubName: "%NO_SUCH_HUB%" } })).rejects.toThrow(
    "hubName: '%NO_SUCH_HUB%' does not resolve to a value",
  );
});

test("8a the client joins pages of the default size", async () => {
  const host = await openHarness();
  await Promise.all(Array.from({ length: 120 }, (_, i) => host.client.startNew(echo, { input: i })));
  expect(await host.client.getStatusAll()).toHaveLength(120);
});

test("9 an event answers 202, 404 for an unknown id, 410 after the end, 400 without JSON", async () => {
  const host = await openHarness();
  await host.client.startNew(waitForGo, { instanceId: "x" });
  await expect(host.client.raiseEvent("unknown", "go", 1)).rejects.toThrow(
    "No instance with ID 'unknown' found.",
  );
  expect((await host.request("POST", "instances/x/raiseEvent/go", "")).status).toBe(400);
  expect((await host.request("POST", "instances/x/raiseEvent/go", "{")).status).toBe(400);
  const typed = await host.request("POST", "instances/x/raiseEvent/go", "1", {
    "content-type": "text/plain",
  });
  expect(typed.status).toBe(400);
  expect((await host.request("POST", "instances/x/RAISEEVENT/go", "1")).status).toBe(202);
  await host.settle();
  expect((await host.request("POST", "instances/x/raiseEvent/go", "1")).status).toBe(410);
  await host.client.raiseEvent("x", "go", 1);
});

test("10 a terminated instance shows the reason, and a result that comes later changes nothing", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const host = await openHarness();
  const slow = activity(() => promise);
  const name = orchestrator(function* (context) {
    return yield context.df.callActivity(slow);
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.client.terminate("x", "enough");
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
  resolve();
  await host.settle();
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
});

test("11 a suspended instance hears events and timers in order once it is resumed", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const until = new Date(context.df.currentUtcDateTime.getTime() + 1000);
    yield context.df.createTimer(until);
    const first: unknown = yield context.df.waitForExternalEvent("go");
    const second: unknown = yield context.df.waitForExternalEvent("go");
    return [first, second];
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.client.suspend("x", "hold");
  await host.settle();
  await host.client.raiseEvent("x", "go", 1);
  await host.client.raiseEvent("x", "go", 2);
  await host.pass(5000);
  expect((await host.status("x")).runtimeStatus).toBe("Suspended");
  expect((await host.request("POST", "instances/x/suspend")).status).toBe(500);
  await host.client.resume("x", "on");
  await host.settle();
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: [1, 2] });
  expect((await host.request("POST", "instances/x/resume")).status).toBe(410);
});

test("12 rewinding a failed instance runs only the failed step again; others answer 412", async () => {
  const host = await openHarness();
  let isBroken = true;
  const runs: string[] = [];
  const good = activity(() => runs.push("good"));
  const flaky = activity(() => {
    runs.push("flaky");
    if (isBroken) throw new Error("down");
    return "up";
  });
  const name = orchestrator(function* (context) {
    yield context.df.callActivity(good);
    return yield context.df.callActivity(flaky);
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.settle();
  expect((await host.status("x")).runtimeStatus).toBe("Failed");
  isBroken = false;
  await host.client.rewind("x", "mended");
  await host.settle();
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: "up" });
  expect(runs).toEqual(["good", "flaky", "flaky"]);
  await expect(host.client.rewind("x", "again")).rejects.toThrow("Only failed instances can be rewound");
});

test("12a rewinding reaches the child that failed", async () => {
  const host = await openHarness();
  let isBroken = true;
  const flaky = activity(() => {
    if (isBroken) throw new Error("down");
    return "up";
  });
  const child = orchestrator(function* (context) {
    return yield context.df.callActivity(flaky);
  });
  const name = orchestrator(function* (context) {
    return yield context.df.callSubOrchestrator(child, null, "the-child");
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.settle();
  isBroken = false;
  await host.client.rewind("x", "mended");
  await host.settle();
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: "up" });
});

test("13 restarting creates another id with the same input", async () => {
  const host = await openHarness();
  const { instanceId } = await host.run(echo, { a: 1 });
  const response = await host.request("POST", `instances/${instanceId}/restart`);
  expect(response.status).toBe(202);
  const { id } = JSON.parse(await response.text());
  await host.settle();
  expect(id).not.toBe(instanceId);
  expect(await host.status(id)).toMatchObject({ name: echo, output: { a: 1 } });
  expect((await host.request("POST", "instances/unknown/restart")).status).toBe(400);
});

test("14 purging removes one, then none, and by filter only what has ended within the interval", async () => {
  const host = await openHarness();
  for (const id of ["a", "b"]) await host.client.startNew(echo, { instanceId: id });
  await host.client.startNew(waitForGo, { instanceId: "live" });
  await host.settle();
  expect(await host.client.purgeInstanceHistory("a")).toEqual({ instancesDeleted: 1 });
  expect(await host.client.purgeInstanceHistory("a")).toEqual({ instancesDeleted: 0 });
  expect((await host.request("DELETE", "instances/live")).status).toBe(412);
  expect((await host.request("DELETE", "instances/")).status).toBe(400);
  const createdTimeFrom = new Date(Date.UTC(2025, 0));
  expect(await host.client.purgeInstanceHistoryBy({ createdTimeFrom })).toEqual({ instancesDeleted: 1 });
  expect((await host.client.getStatusAll()).map((one) => one.instanceId)).toEqual(["live"]);
});

test("15 a check-status response uses the caller's origin, and its URLs work", async () => {
  const host = await openHarness();
  const id = await host.client.startNew(waitForGo);
  await host.settle();
  const origin = new URL(host.rpcBaseUrl).origin;
  const request = new HttpRequest({ method: "GET", url: `${origin}/api/start` });
  const response = host.client.createCheckStatusResponse(request, id);
  expect(response.status).toBe(202);
  expect(response.headers.get("retry-after")).toBe("10");
  const location = response.headers.get("location") ?? "";
  expect(location.startsWith(origin)).toBe(true);
  expect((await fetch(location)).status).toBe(202);
  const urls = JSON.parse(await response.text());
  const raised = await fetch(urls.sendEventPostUri.replace("{eventName}", "go"), {
    method: "POST",
    body: "5",
    headers: { "content-type": "application/json" },
  });
  expect(raised.status).toBe(202);
  await host.settle();
  expect((await host.status(id)).output).toBe(5);
});

test("16 waiting answers 200 with the output, 500 with a failure, 202 when it takes too long", async () => {
  const host = await openHarness();
  const failing = orchestrator(function* () {
    throw new Error("no");
  });
  const request = new HttpRequest({ method: "GET", url: host.baseUrl });
  const wait = { timeoutInMilliseconds: 2, retryIntervalInMilliseconds: 1 };
  const ask = async (name: string) => {
    const id = await host.client.startNew(name, { input: 3 });
    await host.settle();
    return host.client.waitForCompletionOrCreateCheckStatusResponse(request, id, wait);
  };
  const done = await ask(echo);
  expect([done.status, await done.text()]).toEqual([200, "3"]);
  expect((await ask(failing)).status).toBe(500);
  expect((await ask(waitForGo)).status).toBe(202);
  const direct = await host.request("POST", `orchestrators/${echo}?timeout=5&pollingInterval=1`, "4");
  expect([direct.status, await direct.json()]).toEqual([200, 4]);
});

test("17 signalling an entity creates it, and its state can be read from then on", async () => {
  const host = await openHarness();
  const counter = entity((context) => {
    context.df.setState(Number(context.df.getState(() => 0)) + Number(context.df.getInput() ?? 1));
  });
  const id = new df.EntityId(counter, "K");
  expect((await host.client.readEntityState(id)).entityExists).toBe(false);
  await host.client.signalEntity(id, "add", 4);
  await host.client.signalEntity(id, "add");
  await host.settle();
  expect(await host.client.readEntityState(id)).toEqual({ entityExists: true, entityState: 5 });
  const listed = await host.request("GET", `entities/${counter}/?fetchState=true`);
  expect(await listed.json()).toMatchObject([
    { entityId: { name: counter.toLowerCase(), key: "K" }, state: 5 },
  ]);
});

test("18 management URLs carry the port that the host listens on", async () => {
  const host = await openHarness();
  const payload = host.client.createHttpManagementPayload("x");
  expect(payload.statusQueryGetUri).toBe(
    `${host.baseUrl}/instances/x?taskHub=TestHubName&connection=Storage&code=`,
  );
  expect(payload).toHaveProperty("restartPostUri");
});

test("a route that does not exist answers 404", async () => {
  const host = await openHarness();
  for (const path of ["nothing", "instances/x/y/z", "orchestrators"]) {
    expect((await host.request("POST", path, "1")).status).toBe(404);
  }
});
