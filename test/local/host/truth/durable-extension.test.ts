/**
 * What the end-to-end tests of the Durable extension state, for an app in Node, shown on our host.
 *
 * Source: Azure/azure-functions-durable-extension, test/e2e/Tests/Tests; the file stands in each group's name, and
 * the texts expected of Node are those of test/e2e/Tests/Localizers/NodeTestLanguageLocalizer.cs.
 */
import { describe, expect, test } from "vitest";
import { durableApp } from "./durable-app.ts";

const app = durableApp();

/** Comes up in the message of each refusal that the client does not know a name for. */
const STATUS_500 =
  'Error: The operation failed with an unexpected status code: 500. Details: {"Message":"Something went wrong while processing your request';

describe("HelloCitiesTest.cs", () => {
  test("a chain of greetings starts with 202 and completes with all of them", async () => {
    const { output } = await app.reach("Completed", "cities");
    expect(output).toEqual(["Hello Tokyo!", "Hello Seattle!", "Hello London!"]);
  });
});

describe("ErrorHandlingTests.cs", () => {
  test("an activity's uncaught error fails the orchestration, which names both functions", async () => {
    const { output } = await app.reach("Failed", "rethrow");
    expect(output).toMatch(/^Orchestrator function 'rethrow' failed: Activity function 'failFirst' failed: /);
    expect(output).toContain("This activity failed");
  });

  test("an activity's error can be caught", async () => {
    const { output } = await app.reach("Completed", "catch");
    expect(output).toMatch(/^Caught exception: Error: Activity function 'failFirst' failed:/);
    expect(output).toContain("This activity failed");
  });

  test("an activity that fails once succeeds when retried", async () => {
    expect(await app.reach("Completed", "retry")).toMatchObject({ output: "Success" });
  });

  test("an entity's uncaught error fails the orchestration", async () => {
    const { output } = await app.reach("Failed", "rethrowEntity");
    expect(output).toMatch(/^Orchestrator function 'rethrowEntity' failed:/);
  });

  test("an entity's error can be caught", async () => {
    expect(String((await app.reach("Completed", "catchEntity")).output)).toMatch(/^Error: /);
  });

  test("an entity that failed can be called again", async () => {
    expect(await app.reach("Completed", "retryEntity")).toMatchObject({ output: "Success" });
  });
});

describe("ActivityInputTypeTests.cs", () => {
  test("arrays, numbers, texts and objects reach an activity as what they were", async () => {
    const person = { name: "Test", age: 25, data: [1, 2, 3], duration: 3_600_000 };
    const inputs = [[1, 2, 3, 4, 5], [], 42, person, "Test string input", [person, { ...person, data: [] }]];
    const kinds = ["array", "array", "number", "object", "string", "array"];
    const { output } = await app.reach("Completed", "inputs", inputs);
    expect(output).toEqual(kinds.map((kind, index) => [kind, inputs[index]]));
  });
});

describe("TerminateOrchestratorTests.cs", () => {
  test("a running orchestration is terminated", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    expect(await app.client("terminate", instanceId, "enough")).toEqual({ result: null });
    await app.until(instanceId, "Terminated");
  });

  test("terminating one that has been terminated or has completed is taken by Node's client as done", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    await app.client("terminate", instanceId, "enough");
    await app.until(instanceId, "Terminated");
    expect(await app.client("terminate", instanceId, "again")).toEqual({ result: null });
    const completed = await app.reach("Completed", "cities");
    expect(await app.client("terminate", completed.instanceId, "late")).toEqual({ result: null });
    expect((await app.until(completed.instanceId, "Completed")).output).toHaveLength(3);
  });

  test("terminating an unknown id is an error that names it", async () => {
    expect((await app.client("terminate", "unknown-1", "x")).error).toContain(
      "No instance with ID 'unknown-1' found.",
    );
  });
});

describe("SuspendResumeTests.cs", () => {
  test("a running orchestration is suspended, and runs on when resumed", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    expect(await app.client("suspend", instanceId, "later")).toEqual({ result: null });
    await app.until(instanceId, "Suspended");
    expect(await app.client("resume", instanceId, "now")).toEqual({ result: null });
    await app.until(instanceId, "Running");
  });

  test("suspending one that is suspended fails with 500", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    await app.client("suspend", instanceId, "later");
    await app.until(instanceId, "Suspended");
    expect((await app.client("suspend", instanceId, "again")).error).toContain(STATUS_500);
  });

  test("resuming one that runs fails with 500", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    expect((await app.client("resume", instanceId, "now")).error).toContain(STATUS_500);
  });

  test("suspending and resuming one that has completed is taken by the client as done", async () => {
    const { instanceId } = await app.reach("Completed", "cities");
    expect(await app.client("suspend", instanceId, "x")).toEqual({ result: null });
    expect(await app.client("resume", instanceId, "x")).toEqual({ result: null });
  });
});

describe("ExternalEventTests.cs", () => {
  test("an event completes the orchestration that waits for it", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    expect(await app.client("raiseEvent", instanceId, "Approval", true)).toEqual({ result: null });
    expect(await app.until(instanceId, "Completed")).toMatchObject({ output: "Orchestrator Finished!" });
  });

  test("an event for an unknown id is an error that names it", async () => {
    expect(await app.client("raiseEvent", "unknown-2", "Approval", true)).toEqual({
      error: "Error: No instance with ID 'unknown-2' found.",
    });
  });
});

describe("PurgeInstancesTests.cs", () => {
  test("each kind of ended instance is purged, by its id", async () => {
    const terminated = await app.reach("Running", "wait");
    await app.client("terminate", terminated.instanceId, "x");
    await app.until(terminated.instanceId, "Terminated");
    const ended = [terminated, await app.reach("Completed", "cities"), await app.reach("Failed", "rethrow")];
    for (const { instanceId } of ended) {
      expect(await app.client("purgeInstanceHistory", instanceId)).toEqual({
        result: { instancesDeleted: 1 },
      });
    }
  });

  test("purging an unknown id deletes none", async () => {
    expect(await app.client("purgeInstanceHistory", "unknown-3")).toEqual({
      result: { instancesDeleted: 0 },
    });
  });

  test("a running or suspended instance cannot be purged", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    expect((await app.client("purgeInstanceHistory", instanceId)).error).toMatch(/^Error: /);
    await app.client("suspend", instanceId, "x");
    await app.until(instanceId, "Suspended");
    expect((await app.client("purgeInstanceHistory", instanceId)).error).toMatch(/^Error: /);
  });

  test("purging all that ended deletes some, and none the second time", async () => {
    await app.reach("Completed", "cities");
    const purge = async () => (await fetch(`${app.url}/api/purgeAll`, { method: "POST" })).json();
    expect((await purge()).instancesDeleted).toBeGreaterThan(0);
    expect(await purge()).toEqual({ instancesDeleted: 0 });
  });
});

describe("RewindOrchestratorTests.cs", () => {
  test.each([1, 2])(
    "after %i rewinds the failed step has run once more each, all others once",
    async (failures) => {
      const { instanceId } = await app.reach("Failed", "rewindable", { failures });
      for (let rewinds = 1; rewinds <= failures; rewinds++) {
        expect(await app.client("rewind", instanceId, "again")).toEqual({ result: null });
        await app.until(instanceId, rewinds < failures ? "Failed" : "Completed");
      }
      const { output } = await app.until(instanceId, "Completed");
      expect(output).toEqual({ before: 1, failing: failures + 1, after: 1 });
    },
  );

  test("completed, running and terminated instances answer 412 to a rewind, an unknown one 404", async () => {
    const rewind = async (id: string) =>
      (await app.request("POST", `instances/${id}/rewind?reason=x`)).status;
    const completed = await app.reach("Completed", "cities");
    const running = await app.reach("Running", "wait");
    expect([await rewind(completed.instanceId), await rewind(running.instanceId)]).toEqual([412, 412]);
    await app.client("terminate", running.instanceId, "x");
    await app.until(running.instanceId, "Terminated");
    expect([await rewind(running.instanceId), await rewind("unknown-4")]).toEqual([412, 404]);
  });
});

describe("IsReplayingTests.cs", () => {
  test("in the last pass only what follows the last activity is not a replay", async () => {
    expect((await app.reach("Completed", "replaying")).output).toEqual([true, true, true, false]);
  });
});

describe("TimeoutTests.cs", () => {
  test("a timer that is due first wins the race against an activity", async () => {
    const { output } = await app.reach("Completed", "timeout", { limitMs: 10, workMs: 600 });
    expect(output).toBe("timed out");
  });

  test("an activity that ends first wins, and its result is the output", async () => {
    const { output } = await app.reach("Completed", "timeout", { limitMs: 60_000, workMs: 1 });
    expect(output).toBe("slept");
  });
});

describe("OrchestrationQueryTests.cs", () => {
  test("a running instance is in the list of all and in the list of the running", async () => {
    const { instanceId } = await app.reach("Running", "wait");
    for (const call of [
      app.client("getStatusAll"),
      app.client("getStatusBy", { runtimeStatus: ["Running"] }),
    ]) {
      expect((await call).result).toContainEqual(expect.objectContaining({ instanceId }));
    }
  });
});

describe("CriticalSectionsTests.cs", () => {
  test("a transfer under the locks of both accounts leaves 70 and 30", async () => {
    expect(await app.reach("Completed", "transfer")).toMatchObject({ output: "from=70;to=30" });
  });

  test("a lock inside a lock fails the orchestration, in the package's words", async () => {
    expect(await app.reach("Failed", "nestedLock")).toMatchObject({
      output:
        "Orchestrator function 'nestedLock' failed: Cannot acquire more locks when already holding some locks.",
    });
  });
});

describe("HTTPFeatureTests.cs", () => {
  test("a call that is accepted is polled until another answer comes", async () => {
    const { output } = await app.reach("Completed", "poll", `${app.url}/api/slowly`);
    expect(output).toEqual([200, "done at last"]);
  });
});
