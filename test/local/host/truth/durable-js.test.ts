/**
 * What the tests of the durable-functions package state, shown with the package itself on our host.
 *
 * Source: Azure/azure-functions-durable-js, test/integration/orchestrator-spec.ts and
 * test/unit/orchestrationclient-spec.ts; the title of the test stands behind each test's name.
 */
import { describe, expect, test } from "vitest";
import { durableApp } from "./durable-app.ts";

const app = durableApp();
const FALSY = [0, "", false, null];
const runToEnd = (path: string) => fetch(`${app.url}/api/runToEnd/${path}`, { method: "POST" });

describe("orchestrator-spec.ts", () => {
  test.each(FALSY)("an orchestration returns %j as it is (handle falsy values)", async (value) => {
    expect((await app.reach("Completed", "returns", value)).output).toBe(value);
  });

  // `false` is left to the conformance tests: the extension hands booleans to an activity as text
  test.each(FALSY.filter((value) => value !== false))(
    "an activity takes and returns %j as it is (Falsy Input)",
    async (value) => {
      expect((await app.reach("Completed", "activityReturns", value)).output).toBe(value);
    },
  );

  test("yielding what is no task fails the orchestration (doesn't allow yielding non-Task types)", async () => {
    expect(String((await app.reach("Failed", "yieldsText")).output)).toMatch(/Durable Functions Error|task/i);
  });

  test("yielding a signal fails the orchestration (doesn't allow signalEntity() to be yielded)", async () => {
    await app.reach("Failed", "yieldsSignal");
  });

  test("a combination without tasks fails the orchestration (doesn't allow compound tasks with no children)", async () => {
    expect(String((await app.reach("Failed", "emptyAll")).output)).toContain(
      "you must specify at least one Task",
    );
  });

  test("a retry without options fails the orchestration (reports an error when retryOptions is undefined)", async () => {
    expect(String((await app.reach("Failed", "noRetryOptions")).output)).toContain("retryOptions");
  });

  test("a task that is yielded twice runs once (is yielded twice, only scheduled once)", async () => {
    expect((await app.reach("Completed", "yieldsTwice")).output).toEqual([1, 1]);
  });

  test("parallel tasks give their results in the order of the tasks (Task.all proceeds if all parallel tasks have completed)", async () => {
    const { output } = await app.reach("Completed", "fanOut");
    expect(output).toEqual(["Hello a!", "Hello b!", "Hello c!"]);
  });

  test("an event of another name changes nothing (does not proceed when an incorrectly-named event is received)", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    await app.client("raiseEvent", instanceId, "Refusal", true);
    await app.client("raiseEvent", instanceId, "Approval", true);
    await app.until(instanceId, "Completed");
  });
});

describe("orchestrationclient-spec.ts", () => {
  test("an id of one's own is the instance's id (starts new instance with specific id and input)", async () => {
    const input = { name: "x" };
    expect(await app.client("startNew", "returns", { instanceId: "own-id", input })).toEqual({
      result: "own-id",
    });
    expect(await app.until("own-id", "Completed")).toMatchObject({ output: input });
  });

  test("a start that the extension refuses is an error (throws if webhook client returns error)", async () => {
    expect((await app.client("startNew", "nobody", {})).error).toMatch(/^Error: /);
  });

  test("an unknown id has no status (throws on invalid instanceId)", async () => {
    expect((await app.client("getStatus", "unknown-6")).error).toContain("unknown-6");
  });

  test("an entity that does not exist has no state (returns default EntityStateResponse when if entity does not exist)", async () => {
    const outcome = await app.client("readEntityState", { name: "note", key: "missing" });
    expect(outcome.result).toMatchObject({ entityExists: false });
  });

  test("waiting asks for an interval within the timeout (throws when retryIntervalInMilliseconds > timeoutInMilliseconds)", async () => {
    const response = await runToEnd("cities/10/20");
    expect([response.status, await response.text()]).toEqual([
      400,
      "Error: Total timeout 10 (ms) should be bigger than retry timeout 20 (ms)",
    ]);
  });

  test("waiting answers with the output of what completed (returns expected result for completed instance)", async () => {
    const response = await runToEnd("cities/2000/5");
    expect([response.status, await response.json()]).toEqual([
      200,
      ["Hello Tokyo!", "Hello Seattle!", "Hello London!"],
    ]);
  });

  test("waiting answers 500 with the status of what failed (returns expected result for failed instance)", async () => {
    const response = await runToEnd("rethrow/2000/5");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ runtimeStatus: "Failed" });
  });

  test("waiting too long answers with the check-status response (returns check status response if timeout expires)", async () => {
    const response = await runToEnd("wait/30/10");
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toContain("/runtime/webhooks/durabletask/instances/");
  });
});
