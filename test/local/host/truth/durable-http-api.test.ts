/**
 * What the component tests of the Durable extension state about its HTTP API and its engine, shown on our host.
 *
 * Sources: Azure/azure-functions-durable-extension, test/Common/HttpApiHandlerTests.cs and
 * test/Common/DurableTaskEndToEndTests.cs; the name of the method stands behind each test's name.
 */
import { describe, expect, test } from "vitest";
import { durableApp, type Status } from "./durable-app.ts";

const app = durableApp();
const raise = (id: string, name: string, value: unknown) =>
  app.request("POST", `instances/${id}/raiseEvent/${name}`, JSON.stringify(value));

describe("HttpApiHandlerTests.cs", () => {
  test("the check-status response holds each management URL, with task hub, connection and code (CreateCheckStatusResponse_Returns_Correct_HTTP_202_Response)", async () => {
    const response = await app.start("cities");
    const { id, ...urls } = await response.json();
    const instance = `${app.url}/runtime/webhooks/durabletask/instances/${id}`;
    const query = "taskHub=TruthHub&connection=Storage&code=";
    expect(urls).toMatchObject({
      statusQueryGetUri: `${instance}?${query}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
      terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
      purgeHistoryDeleteUri: `${instance}?${query}`,
      restartPostUri: `${instance}/restart?${query}`,
      suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
      resumePostUri: `${instance}/resume?reason={text}&${query}`,
    });
  });

  test.each([
    ["true", 500],
    ["false", 200],
  ])(
    "a failed instance answers with returnInternalServerErrorOnFailure=%s %i (HandleGetStatusRequestAsync_Failed_Orchestration_Config_Response_Code)",
    async (value, status) => {
      const { instanceId } = await app.reach("Failed", "rethrow");
      const path = `instances/${instanceId}?returnInternalServerErrorOnFailure=${value}`;
      expect((await app.request("GET", path)).status).toBe(status);
    },
  );

  test.each([
    ["application/json", "given-1"],
    ["text/plain", "given-2"],
    ["application/json", ""],
    ["text/plain", ""],
  ])(
    "a start takes JSON whatever its content type says, %s, under the id '%s' if one is given (StartNewInstance_Is_Success)",
    async (type, id) => {
      const path = `orchestrators/returns${id && `/${id}`}`;
      const response = await app.request("POST", path, '"TestContent"', { "content-type": type });
      expect(response.status).toBe(202);
      const started = await response.json();
      if (id) expect(started.id).toBe(id);
      expect(await app.until(started.id, "Completed")).toMatchObject({ output: "TestContent" });
    },
  );

  test("a start that waits answers 200 with the output (StartNewInstanceAndWaitToComplete_Is_Success)", async () => {
    const response = await app.request("POST", "orchestrators/cities?timeout=90&pollingInterval=10", "null");
    expect([response.status, await response.json()]).toEqual([
      200,
      ["Hello Tokyo!", "Hello Seattle!", "Hello London!"],
    ]);
  });

  test("a start with a body that is not JSON answers 400 in set words (StartNewInstance_Returns_HTTP_400_On_Bad_JSON)", async () => {
    const response = await app.request("POST", "orchestrators/cities", "badly formatted JSON string");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ Message: "Invalid JSON content" });
  });

  test("a start of an unknown function answers 400 and names it (StartNewInstance_Returns_HTTP_400_On_Missing_Function)", async () => {
    const response = await app.request("POST", "orchestrators/NonexistentFunction", '"TestContent"');
    expect(response.status).toBe(400);
    const { Message, ExceptionMessage } = await response.json();
    expect(Message).toBe("One or more of the arguments submitted is incorrect");
    expect(ExceptionMessage).toContain(
      "The function 'NonexistentFunction' doesn't exist, is disabled, or is not an orchestrator function. Additional info: ",
    );
  });

  test.each([true, false])(
    "a restart with restartWithNewInstanceId=%s runs it again with the same input (RestartInstance_Is_Success)",
    async (isNew) => {
      const { instanceId } = await app.reach("Completed", "returns", { a: 1 });
      const path = `instances/${instanceId}/restart?restartWithNewInstanceId=${isNew}`;
      const response = await app.request("POST", path);
      expect(response.status).toBe(202);
      const { id } = await response.json();
      expect(id === instanceId).toBe(!isNew);
      expect(await app.until(id, "Completed")).toMatchObject({ output: { a: 1 } });
    },
  );

  test("a restart of an unknown id answers 400 in set words (RestartInstance_Returns_HTTP_400_On_Invalid_InstanceId)", async () => {
    const response = await app.request("POST", "instances/unknown-5/restart");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      Message: "InstanceId does not match a valid orchestration instance.",
    });
  });

  test.each(["somebody", "$"])(
    "an entity that exists answers 200 with its state, one that does not 404, also under the key '%s' (GetEntity_Returns_State_Or_HTTP_404)",
    async (key) => {
      expect((await app.request("GET", `entities/note/${key}`)).status).toBe(404);
      // the symbol is one for reading alone (HttpApiHandler.cs: HandleGetEntityRequestAsync)
      const signalled = key === "$" ? "" : key;
      expect((await app.request("POST", `entities/note/${signalled}?op=keep`, "{}")).status).toBe(202);
      await expect.poll(() => app.request("GET", `entities/note/${key}`)).toHaveProperty("status", 200);
      expect(await (await app.request("GET", `entities/note/${key}`)).text()).toBe("{}");
    },
  );

  test.each([
    {
      path: "note/s1?op=keep",
      type: "application/json",
      body: '{ "some": "value" }',
      state: { some: "value" },
    },
    { path: "note/s2?op=keep", type: "text/plain", body: "text content", state: "text content" },
    { path: "note/s3", type: "application/json", body: '{ "some": "value" }', state: { some: "value" } },
    { path: "note/s4?op=keep", type: "text/plain", body: "", state: "nothing" },
    { path: "note", type: "text/plain", body: "no key", state: "no key" },
  ])(
    "a signal to $path with $type '$body' is accepted, JSON as such and all else as text (SignalEntity_Is_Success)",
    async ({ path, type, body, state }) => {
      const response = await app.request("POST", `entities/${path}`, body, { "content-type": type });
      expect(response.status).toBe(202);
      const address = path === "note" ? "note/$" : path.replace(/\?.*/, "");
      await expect
        .poll(async () => {
          const answer = await app.request("GET", `entities/${address}`);
          return answer.ok ? answer.json() : undefined;
        })
        .toEqual(state);
    },
  );
});

describe("DurableTaskEndToEndTests.cs", () => {
  test("the reason of a termination is the output (TerminateOrchestration)", async () => {
    const { instanceId } = await app.reach("Running", "counter");
    await app.request("POST", `instances/${instanceId}/terminate?reason=${encodeURIComponent("sayōnara")}`);
    expect(await app.until(instanceId, "Terminated")).toMatchObject({ output: "sayōnara" });
  });

  test("events to a suspended instance wait until it is resumed (SuspendResumeOrchestration)", async () => {
    const { instanceId } = await app.reach("Running", "counter");
    await app.client("suspend", instanceId, "sleepy");
    await app.until(instanceId, "Suspended");
    await raise(instanceId, "operation", "incr");
    await raise(instanceId, "operation", "end");
    expect((await app.until(instanceId, "Suspended")).output).toBeNull();
    await app.client("resume", instanceId, "wake up");
    expect(await app.until(instanceId, "Completed")).toMatchObject({ output: 1 });
  });

  test("events of two names are told apart in a loop (ExternalEvents_MultipleNamesLooping)", async () => {
    const { instanceId } = await app.reach("Running", "twoNames");
    for (const name of ["incr", "incr", "done"]) await raise(instanceId, name, null);
    expect(await app.until(instanceId, "Completed")).toMatchObject({ output: 2 });
  });

  test("a counter that continues as new keeps its count (ActorOrchestration)", async () => {
    const { instanceId } = await app.reach("Running", "eternalCounter", 0);
    for (const operation of ["incr", "incr", "incr", "decr", "incr", "end"]) {
      expect((await raise(instanceId, "operation", operation)).status).toBe(202);
    }
    expect(await app.until(instanceId, "Completed")).toMatchObject({ output: 3 });
  });

  test("a hundred parallel races of a timer all end (OrchestrationConcurrency)", async () => {
    const input = { limitMs: 50, workMs: 100 };
    const ended = await Promise.all(
      Array.from({ length: 100 }, () => app.reach("Completed", "timeout", input)),
    );
    expect(ended).toHaveLength(100);
  });

  test("a child knows its parent, a parent has none (SubOrchestration_ParentInstanceId_Assigned, ParentInstanceId_Not_Assigned_In_Orchestrator)", async () => {
    const { instanceId, output } = await app.reach("Completed", "parentOf");
    expect(output).toEqual({ own: null, id: instanceId, child: instanceId });
  });

  test("GUIDs differ from each other and are the same on replay (VerifyUniqueGuids, VerifySameGuidsOnReplay)", async () => {
    const { output } = await app.reach("Completed", "guids");
    const { first, recorded } = Object(output);
    expect(recorded).toEqual(first);
    expect(new Set(first).size).toBe(2);
  });

  test("an entity's name is taken in any case (DurableEntity_EntityNameCaseInsensitivity)", async () => {
    expect(await app.reach("Completed", "anyCase")).toMatchObject({ output: 7 });
  });

  test("a custom status shows while the instance runs (SetStatusOrchestration)", async () => {
    const { instanceId, customStatus } = await app.reach("Running", "status");
    expect(customStatus).toEqual({ stage: "waiting" });
    await raise(instanceId, "go", null);
    await app.until(instanceId, "Completed");
  });

  test("an id that is in use is refused (Dedupe_Default_NotRunning_ThrowsException)", async () => {
    const start = () => app.request("POST", "orchestrators/wait/in-use", "null");
    expect((await start()).status).toBe(202);
    expect((await start()).status).toBe(409);
  });

  test("a status leaves the input out when asked to (GetStatus_ShowInputFalse, GetStatus_ShowInputDefault)", async () => {
    const { instanceId, input } = await app.reach("Running", "eternalCounter", 1);
    expect(input).toBe(1);
    const bare: Status = await (await app.request("GET", `instances/${instanceId}?showInput=false`)).json();
    expect(bare.input).toBeNull();
  });
});
