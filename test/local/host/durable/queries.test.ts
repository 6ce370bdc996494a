/** What Azure/azure-functions-durable-extension reads out of a request: HttpApiHandler.cs, HttpRequestMessageExtensions.cs. */
import { expect, test, vi } from "vitest";
import { activity, entity, openHarness, orchestrator } from "./harness.ts";

const echo = orchestrator(function* (context) {
  return context.df.getInput();
});
const failing = orchestrator(function* () {
  throw new Error("no");
});
const waitForGo = orchestrator(function* (context) {
  return yield context.df.waitForExternalEvent("go");
});
const note = entity((context) => context.df.setState(context.df.getInput()));

// GetQueryNameValuePairs makes a NameValueCollection that ignores case, and joins what is repeated with a comma
test("names of query parameters count in any case, and a repeated one adds to the first", async () => {
  const host = await openHarness();
  await host.client.startNew(echo, { instanceId: "a", input: "secret" });
  await host.client.startNew(failing, { instanceId: "b" });
  await host.client.startNew(waitForGo, { instanceId: "c" });
  await host.settle();
  expect(await host.status("a", "?SHOWINPUT=False")).toMatchObject({ input: null });
  const listed = await host.request("GET", "instances?RuntimeStatus=Failed&runtimestatus=Running&Top=9");
  expect((await listed.json()).map(({ instanceId }: { instanceId: string }) => instanceId)).toEqual([
    "b",
    "c",
  ]);
  await host.request("POST", "instances/c/terminate?Reason=enough");
  await host.settle();
  expect(await host.status("c")).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
});

// bool.TryParse, Enum.TryParse (which minds the case), DateTime.TryParse and int.TryParse: false is no parameter at all
test.each(["runtimeStatus=failed", "createdTimeFrom=yesterday", "showInput=no"])(
  "the list is what it is without %s, which .NET cannot read, and the log says so",
  async (query) => {
    const host = await openHarness();
    await host.client.startNew(echo, { instanceId: "a", input: "shown" });
    await host.settle();
    const listed = await host.request("GET", `instances?${query}`);
    expect(await listed.json()).toMatchObject([{ instanceId: "a", input: "shown" }]);
    expect(host.logs.join("\n")).toContain(`${query.replace("=", ": '")}' is passed over`);
  },
);

// DurableClient.cs: GetDurableOrchestrationStatusAsync; DurableTaskEndToEndTests.cs: TestStoreInputsInOrchestrationHistory
test.each([
  { storeInputsInOrchestrationHistory: true, input: '[{"city":"Tokyo"}]' },
  { storeInputsInOrchestrationHistory: false, input: null },
])(
  "a history tells the input of a task as $input under $storeInputsInOrchestrationHistory, and what is open",
  async ({ input, ...config }) => {
    const host = await openHarness({ config });
    const shout = activity(() => "heard");
    const name = orchestrator(function* (context) {
      yield context.df.callActivity(shout, { city: "Tokyo" });
      yield context.df.callSubOrchestrator(waitForGo, 1, "child");
    });
    await host.client.startNew(name, { instanceId: "x", input: { a: 1 } });
    await host.settle();
    const { historyEvents } = await host.status("x", "?showHistory=true");
    expect(historyEvents).toMatchObject([
      { EventType: "ExecutionStarted", FunctionName: name, Input: '{"a":1}' },
      { EventType: "TaskCompleted", FunctionName: shout, Input: input },
      { EventType: "SubOrchestrationInstanceCreated", Name: waitForGo, InstanceId: "child" },
    ]);
  },
);

test("a purge whose beginning cannot be read is refused", async () => {
  const host = await openHarness();
  await host.run(echo);
  expect((await host.request("DELETE", "instances?createdTimeFrom=once")).status).toBe(400);
});

// HandleStartOrchestratorRequestAsync: both are needed, and the check comes after the start
test("start and wait needs an interval within the timeout, and has started the instance by then", async () => {
  const host = await openHarness();
  const start = (id: string, query: string, name = echo) =>
    host.request("POST", `orchestrators/${name}/${id}?${query}`, "4");
  const tooLong = await start("a", "timeout=1&pollingInterval=5");
  expect(tooLong.status).toBe(400);
  expect(await tooLong.json()).toEqual({
    Message: "One or more of the arguments submitted is incorrect",
    ExceptionMessage: "Total timeout 1 should be bigger than retry timeout 5",
  });
  await host.settle();
  expect(await host.status("a")).toMatchObject({ runtimeStatus: "Completed" });
  expect((await start("b", "timeout=5")).status).toBe(202);
  expect(await (await start("c", "Timeout=5&PollingInterval=1")).json()).toBe(4);
  // returnInternalServerErrorOnFailure is false there, whatever the query says
  const failed = await start("d", "timeout=5&pollingInterval=1", failing);
  expect(failed.status).toBe(200);
  expect(await failed.json()).toMatchObject({ runtimeStatus: "Failed" });
});

test("a restart waits for the end as a start does", async () => {
  const host = await openHarness();
  await host.client.startNew(echo, { instanceId: "a", input: 7 });
  await host.settle();
  const again = await host.request("POST", "instances/a/restart?timeout=5&pollingInterval=1");
  expect([again.status, await again.json()]).toEqual([200, 7]);
});

test("a status of a running instance points to the very address that was asked", async () => {
  const host = await openHarness();
  await host.client.startNew(waitForGo, { instanceId: "x" });
  await host.settle();
  const answer = await host.request("GET", "instances/x?showHistory=true&code=k");
  expect(answer.headers.get("location")).toBe(`${host.baseUrl}/instances/x?showHistory=true&code=k`);
});

test("what is not there and what has ended are told by their status alone", async () => {
  const host = await openHarness();
  await host.client.startNew(echo, { instanceId: "x" });
  await host.settle();
  for (const [method, path, status] of [
    ["GET", "instances/nobody", 404],
    ["POST", "instances/nobody/terminate", 404],
    ["POST", "instances/x/terminate", 410],
    ["DELETE", "instances/nobody", 404],
  ] as const) {
    const answer = await host.request(method, path);
    expect([answer.status, await answer.text()]).toEqual([status, ""]);
  }
});

test("an event is taken with the media type application/json alone", async () => {
  const host = await openHarness();
  await host.client.startNew(waitForGo, { instanceId: "x" });
  const raise = (type: string) =>
    host.request("POST", "instances/x/raiseEvent/go", "1", { "content-type": type });
  expect((await raise("application/cloudevents+json")).status).toBe(400);
  expect((await raise("Application/JSON; charset=utf-8")).status).toBe(202);
});

test("an event to nobody is told so before its body is looked at", async () => {
  const host = await openHarness();
  expect((await host.request("POST", "instances/nobody/raiseEvent/go", "{")).status).toBe(404);
});

// DurableClient.ResumeAsync goes by the status alone
test("an instance that is not suspended yet is not resumed", async () => {
  const host = await openHarness();
  await host.client.startNew(waitForGo, { instanceId: "x" });
  expect((await host.request("POST", "instances/x/resume")).status).toBe(500);
});

// HandlePostEntityOperationRequestAsync hands the key on as it is, HandleGetEntityRequestAsync does not
test("the key $ is the empty one for who reads, and itself for who signals, and the log says so", async () => {
  const host = await openHarness();
  await host.request("POST", `entities/${note}/$?op=set`, '"dollar"');
  await host.request("POST", `entities/${note}/?op=set`, '"empty"');
  await host.settle();
  expect(await (await host.request("GET", `entities/${note}/$`)).json()).toBe("empty");
  expect(host.logs.join("\n")).toContain("reading '$' reads the one of the empty key");
  expect((await host.request("POST", `entities/${note}/a%23b?op=set`, "1")).status).toBe(400);
});

test("another task hub than the host's own is refused by name", async () => {
  const host = await openHarness({ config: { hubName: "MyHub" } });
  await host.client.startNew(echo, { instanceId: "x" });
  expect((await host.request("GET", "instances/x?taskHub=MYHUB")).status).not.toBe(500);
  const other = await host.request("GET", "instances/x?taskhub=Other");
  expect(other.status).toBe(500);
  expect((await other.json()).ExceptionMessage).toContain("'MyHub'");
});

test("a list of entities pages by its size", async () => {
  const host = await openHarness();
  for (const key of ["a", "b", "c"]) await host.client.signalEntity({ name: note, key } as never, "set", key);
  await host.settle();
  const list = async (token: string) => {
    const page = await host.request("GET", `entities/${note}/?top=2&fetchState=true`, undefined, {
      "x-ms-continuation-token": token,
    });
    const found: { entityId: { key: string }; state: string }[] = await page.json();
    return {
      states: found.map(({ state }) => state),
      next: page.headers.get("x-ms-continuation-token") ?? "",
    };
  };
  const first = await list("");
  expect(first.states).toEqual(["a", "b"]);
  expect(await list(first.next)).toEqual({ states: ["c"], next: "" });
});

// AzureStorageOptions.ValidateHubName
test.each(["", "ab", "my-hub", "1hub", "x".repeat(51), "my_hub", "tables"])(
  "the hub name '%s' ends the start, as on Azure",
  async (hubName) => {
    await expect(openHarness({ config: { hubName } })).rejects.toThrow(
      `hubName: found '${hubName}', expected 3 to 45 letters and digits, a letter first`,
    );
  },
);

// AzureStorageOptions.IsSanitizedHubName
test.each([
  { site: "my-app-weu", hub: "myappweu" },
  { site: "7days", hub: "t7days" },
  { site: "a", hub: "aHub" },
  { site: "--", hub: "DefaultTaskHub" },
  { site: "x".repeat(60), hub: "x".repeat(45) },
  { site: "", hub: "TestHubName" },
])("without a hub name the site '$site' gives it: $hub", async ({ site, hub }) => {
  vi.stubEnv("WEBSITE_SITE_NAME", site);
  try {
    const host = await openHarness();
    const answer = await host.request("POST", `orchestrators/${echo}/x`);
    expect((await answer.json()).statusQueryGetUri).toContain(`taskHub=${hub}&`);
  } finally {
    vi.unstubAllEnvs();
  }
});
