import { expect, test } from "vitest";
import { activity, df, openHarness, orchestrator } from "./harness.ts";
import { echo, fail, SECOND } from "./steps.ts";

test("38 a child's id is the parent's execution and the number; its result and its failure reach the parent", async () => {
  const host = await openHarness();
  const child = orchestrator(function* (context) {
    if (context.df.getInput() === "bad") throw new Error("child broke");
    return [context.df.getInput(), context.df.instanceId, context.df.parentInstanceId];
  });
  const name = orchestrator(function* (context) {
    const good: unknown = yield context.df.callSubOrchestrator(child, "good");
    try {
      yield context.df.callSubOrchestrator(child, "bad");
    } catch (error) {
      return [good, error instanceof Error ? error.message : ""];
    }
    return [];
  });
  const { instanceId, output } = await host.run(name);
  const execution = Object(host.payloads[0]?.history[1]?.OrchestrationInstance).ExecutionId;
  expect(output).toEqual([
    ["good", `${execution}:0`, instanceId],
    expect.stringContaining(`Orchestrator function '${child}' failed: child broke`),
  ]);
});

test("38a a terminated child fails its parent's call", async () => {
  const host = await openHarness();
  const child = orchestrator(function* (context) {
    yield context.df.waitForExternalEvent("never");
  });
  const name = orchestrator(function* (context) {
    yield context.df.callSubOrchestrator(child, null, "kid");
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.settle();
  await host.client.terminate("kid", "stop");
  await host.settle();
  expect(await host.status("x")).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("stop"),
  });
});

test("39 a child that is retried under its own id is created again under it", async () => {
  const host = await openHarness();
  let runs = 0;
  const child = orchestrator(function* (context) {
    const attempt: number = yield context.df.callActivity(count);
    if (attempt === 1) throw new Error("first");
    return context.df.instanceId;
  });
  const count = activity(() => {
    runs += 1;
    return runs;
  });
  const name = orchestrator(function* (context) {
    return yield context.df.callSubOrchestratorWithRetry(child, new df.RetryOptions(SECOND, 2), null, "kid");
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.pass(SECOND);
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: "kid" });
});

test("41 a custom status shows after each episode, outlives continueAsNew, and a falsy one clears it", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    context.df.setCustomStatus({ at: 1 });
    yield context.df.waitForExternalEvent("go");
    context.df.setCustomStatus("");
    yield context.df.waitForExternalEvent("go");
  });
  const first = orchestrator(function* (context) {
    context.df.setCustomStatus("first");
    if (context.df.getInput() === 1) context.df.continueAsNew(2);
    else yield context.df.waitForExternalEvent("go");
  });
  await host.client.startNew(first, { instanceId: "again", input: 1 });
  await host.settle();
  expect(await host.status("again")).toMatchObject({ input: 2, customStatus: "first" });
  await host.client.startNew(name, { instanceId: "x" });
  await host.settle();
  expect((await host.status("x")).customStatus).toEqual({ at: 1 });
  await host.client.raiseEvent("x", "go", 1);
  await host.settle();
  expect((await host.status("x")).customStatus).toBeNull();
});

test("a custom status over 16 KB fails the instance and says so", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    context.df.setCustomStatus("x".repeat(8191));
  });
  expect((await host.run(name)).output).toContain("has 8193 characters of JSON, expected at most 8192");
});

test("42 a thrown error fails the instance in its words; an error without words leaves it running, and is logged", async () => {
  const host = await openHarness();
  const failing = orchestrator(function* () {
    throw new Error("no way");
  });
  const silent = orchestrator(function* () {
    throw new Error("");
  });
  expect(await host.run(failing)).toMatchObject({
    runtimeStatus: "Failed",
    output: `Orchestrator function '${failing}' failed: no way`,
  });
  expect((await host.run(silent)).runtimeStatus).toBe("Running");
  expect(host.logs.join()).toContain("[silent-throw]");
});

test("43 yielding what is no task fails the instance with the rule it broke", async () => {
  const host = await openHarness();
  const name = orchestrator(function* () {
    const notTask: unknown = 5;
    yield Object(notTask);
  });
  expect(await host.run(name)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("Durable Functions programming constraint violation"),
  });
});

test("44 other calls than those recorded fail the instance as non-deterministic, and nothing of that episode is kept", async () => {
  const host = await openHarness();
  let isChanged = false;
  const name = orchestrator(function* (context) {
    yield context.df.callActivity(isChanged ? fail : echo, 1);
    yield context.df.waitForExternalEvent("go");
    yield context.df.callActivity(echo, 2);
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.settle();
  isChanged = true;
  await host.client.raiseEvent("x", "go", 1);
  await host.settle();
  const status = await host.status("x", "?showHistory=true");
  expect(status.runtimeStatus).toBe("Failed");
  expect(status.output).toContain("Non-Deterministic workflow detected");
  expect(status.output).toContain(`named '${echo}'`);
  expect(status.historyEvents?.map((item) => item.EventType)).toEqual([
    "ExecutionStarted",
    "TaskCompleted",
    "EventRaised",
    "ExecutionCompleted",
  ]);
});

test("60 a GUID is the same on every replay and differs within one execution", async () => {
  const host = await openHarness();
  const seen: string[][] = [];
  const name = orchestrator(function* (context) {
    const pair = [context.df.newGuid("x"), context.df.newGuid("x")];
    seen.push(pair);
    yield context.df.callActivity(echo, 1);
  });
  await host.run(name);
  expect(seen).toHaveLength(2);
  expect(seen[1]).toEqual(seen[0]);
  expect(new Set(seen[0]).size).toBe(2);
});
