import { expect, test } from "vitest";
import { openHarness, orchestrator } from "./harness.ts";
import { DAY, decided, echo, later, SECOND } from "./steps.ts";

const race = (isCancelled: boolean) =>
  orchestrator(function* (context) {
    const timer = context.df.createTimer(later(context, 60 * SECOND));
    const event = context.df.waitForExternalEvent("go");
    const winner: unknown = yield context.df.Task.any([event, timer]);
    if (isCancelled) timer.cancel();
    return winner === event ? "event" : "timer";
  });
const [cancelling, leaving] = [race(true), race(false)];

test("30 a race ends at once when its timer is cancelled, else only when the timer fires", async () => {
  const host = await openHarness();
  for (const [id, name] of [
    ["a", cancelling],
    ["b", leaving],
  ] as const) {
    await host.client.startNew(name, { instanceId: id });
    await host.client.raiseEvent(id, "go", null);
  }
  await host.settle();
  expect(await host.status("a")).toMatchObject({ runtimeStatus: "Completed", output: "event" });
  expect((await host.status("b")).runtimeStatus).toBe("Running");
  expect(host.logs.join()).toContain("[open-timer-at-end]");
  await host.pass(60 * SECOND);
  expect(await host.status("b")).toMatchObject({ runtimeStatus: "Completed", output: "event" });
});

test("31 a cancelled timer that fires later is ignored", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const timer = context.df.createTimer(later(context, SECOND));
    yield context.df.Task.any([context.df.waitForExternalEvent("go"), timer]);
    timer.cancel();
    const answer: unknown = yield context.df.waitForExternalEvent("end");
    return answer;
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.client.raiseEvent("x", "go", null);
  await host.pass(2 * SECOND);
  expect((await host.status("x")).runtimeStatus).toBe("Running");
  await host.client.raiseEvent("x", "end", 9);
  await host.settle();
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: 9 });
});

test("32 early events are kept in order, and of two parallel waits the later is served first", async () => {
  const host = await openHarness();
  const one = orchestrator(function* (context) {
    yield context.df.createTimer(later(context, SECOND));
    const first: unknown = yield context.df.waitForExternalEvent("go");
    const second: unknown = yield context.df.waitForExternalEvent("go");
    return [first, second];
  });
  const both = orchestrator(function* (context) {
    const waits = [context.df.waitForExternalEvent("go"), context.df.waitForExternalEvent("go")];
    return yield context.df.Task.all(waits);
  });
  for (const [id, name] of Object.entries({ one, both })) {
    await host.client.startNew(name, { instanceId: id });
    await host.client.raiseEvent(id, "go", 1);
    await host.settle();
    await host.client.raiseEvent(id, "go", 2);
  }
  await host.pass(SECOND);
  expect((await host.status("one")).output).toEqual([1, 2]);
  expect((await host.status("both")).output).toEqual([2, 1]);
});

test("33 an event in another case does not resume the orchestrator, and the log says so", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    yield context.df.waitForExternalEvent("Go");
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.client.raiseEvent("x", "go", 1);
  await host.settle();
  expect((await host.status("x")).runtimeStatus).toBe("Running");
  expect(host.logs.join()).toContain("[event-name-case]");
});

test("34 an event with the text null arrives as null", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const data: unknown = yield context.df.waitForExternalEvent("go");
    return [data];
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.client.raiseEvent("x", "go", null);
  await host.settle();
  expect((await host.status("x")).output).toEqual([null]);
});

test("35 a timer ten days ahead is cut at 3, 6, 9 and 10 days, and the next call gets id 4", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    yield context.df.createTimer(later(context, 10 * DAY));
    return yield context.df.callActivity(echo, "late");
  });
  const id = await host.client.startNew(name);
  await host.pass(10 * DAY - 1);
  expect((await host.status(id)).runtimeStatus).toBe("Running");
  await host.pass(1);
  expect(await host.status(id)).toMatchObject({ runtimeStatus: "Completed", output: "late" });
  const timers = host.payloads.at(-1)?.history.filter((e) => e.EventType === 10) ?? [];
  expect(timers.map((e) => [e.EventId, String(e.FireAt).slice(0, 10)])).toEqual([
    [0, "2026-01-04"],
    [1, "2026-01-07"],
    [2, "2026-01-10"],
    [3, "2026-01-11"],
  ]);
  expect(decided(host.payloads.at(-1)).at(-1)).toEqual([4, 4]);
});

test("36 continueAsNew begins a new execution under the same id, without the events nobody awaited", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const { round } = Object(context.df.getInput());
    if (round === 2) {
      const data: unknown = yield context.df.waitForExternalEvent("go");
      return data;
    }
    yield context.df.createTimer(later(context, SECOND));
    context.df.continueAsNew({ round: 2 });
  });
  await host.client.startNew(name, { instanceId: "x", input: { round: 1 } });
  await host.client.raiseEvent("x", "go", "lost");
  await host.pass(SECOND);
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Running", input: { round: 2 } });
  expect(host.payloads.at(-1)?.history.map((e) => e.EventType)).toEqual([12, 0]);
  const executions = host.payloads.map((p) => Object(p.history[1]?.OrchestrationInstance).ExecutionId);
  expect(new Set(executions).size).toBe(2);
  await host.client.raiseEvent("x", "go", "heard");
  await host.settle();
  expect((await host.status("x")).output).toBe("heard");
});

test("36a continueAsNew waits for an open timer, and events that come meanwhile reach the next generation", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const { round } = Object(context.df.getInput());
    if (round === 2) {
      const data: unknown = yield context.df.waitForExternalEvent("go");
      return data;
    }
    const timer = context.df.createTimer(later(context, SECOND));
    yield context.df.Task.any([context.df.waitForExternalEvent("first"), timer]);
    context.df.continueAsNew({ round: 2 });
  });
  await host.client.startNew(name, { instanceId: "x", input: { round: 1 } });
  await host.client.raiseEvent("x", "first", 1);
  await host.settle();
  await host.client.raiseEvent("x", "go", "kept");
  await host.settle();
  expect((await host.status("x")).input).toEqual({ round: 1 });
  await host.pass(SECOND);
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: "kept" });
});

test("37 continueAsNew with a text gives the next generation the text in quotes", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    if (context.df.getInput() !== "a") return context.df.getInput();
    context.df.continueAsNew("b");
    return null;
  });
  expect((await host.run(name, "a")).output).toBe('"b"');
});
