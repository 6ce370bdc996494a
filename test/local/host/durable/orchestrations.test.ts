import { expect, test } from "vitest";
import { activity, df, openHarness, orchestrator, type Payload } from "./harness.ts";

const SECOND = 1000;
const DAY = 86_400_000;

const echo = activity((input) => input);
const fail = activity((input) => {
  throw new Error(String(input));
});
const later = (context: { df: { currentUtcDateTime: Date } }, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

/** Decisions in the last payload: kind by code, number. */
const decided = (payload: Payload | undefined) =>
  (payload?.history ?? [])
    .filter((event) => [4, 7, 10, 14].includes(event.EventType))
    .map((event) => [event.EventType, event.EventId]);

test("19 numbers a chain of three 0, 1, 2 and completes each under its number", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const a: number = yield context.df.callActivity(echo, 1);
    const b: number = yield context.df.callActivity(echo, a + 1);
    return yield context.df.callActivity(echo, b + 1);
  });
  expect(await host.run(name)).toMatchObject({ runtimeStatus: "Completed", output: 3 });
  const last = host.payloads.at(-1)?.history ?? [];
  expect(last.filter((e) => e.EventType === 4).map((e) => e.EventId)).toEqual([0, 1, 2]);
  expect(last.filter((e) => e.EventType === 5).map((e) => e.TaskScheduledId)).toEqual([0, 1, 2]);
});

test("20 and 21 an episode is framed by its start and its end, and is not yet in what the code replays", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    yield context.df.Task.all([context.df.callActivity(echo, 1), context.df.callActivity(echo, 2)]);
    yield context.df.callActivity(echo, 3);
  });
  await host.run(name);
  expect(host.payloads[0]?.history.map((e) => e.EventType)).toEqual([12, 0]);
  const second = host.payloads[1]?.history ?? [];
  expect(second.slice(0, 6).map((e) => [e.EventType, e.EventId])).toEqual([
    [12, -1],
    [0, -1],
    [4, 0],
    [4, 1],
    [13, -1],
    [12, -1],
  ]);
  const lastStart = second.findLastIndex((e) => e.EventType === 12);
  expect(second.map((e) => e.IsPlayed)).toEqual(second.map((_, i) => i < lastStart));
});

test("22 only new code runs unreplayed, and the time is the same on every replay", async () => {
  const host = await openHarness();
  const seen: [string, boolean, number][] = [];
  const name = orchestrator(function* (context) {
    seen.push(["first", context.df.isReplaying, context.df.currentUtcDateTime.getTime()]);
    yield context.df.createTimer(later(context, SECOND));
    seen.push(["second", context.df.isReplaying, context.df.currentUtcDateTime.getTime()]);
  });
  const start = host.clock.now();
  await host.client.startNew(name);
  await host.pass(SECOND);
  expect(seen).toEqual([
    ["first", false, start],
    ["first", true, start],
    ["second", false, start + SECOND],
  ]);
});

test.each([
  { what: "a text", input: "b", arrives: "b" },
  { what: "a number", input: 5, arrives: 5 },
  { what: "an object", input: { a: [1] }, arrives: { a: [1] } },
  { what: "an array", input: [1, "x"], arrives: [1, "x"] },
  { what: "a boolean (as .NET spells it)", input: true, arrives: "True" },
  { what: "null (as undefined)", input: null, arrives: "undefined" },
  { what: "nothing", input: undefined, arrives: "undefined" },
])("23 an activity's input arrives: $what", async ({ input, arrives }) => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const show = activityOf;
    return yield context.df.callActivity(show, input);
  });
  expect((await host.run(name)).output).toEqual(arrives);
});
const activityOf = activity((input) => (input === undefined ? "undefined" : input));

test("24 an activity that returns nothing answers null", async () => {
  const host = await openHarness();
  const nothing = activity(() => undefined);
  const name = orchestrator(function* (context) {
    const answer: unknown = yield context.df.callActivity(nothing);
    return [answer];
  });
  expect((await host.run(name)).output).toEqual([null]);
});

test("25 an activity's error begins with its name and two blanks", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    try {
      yield context.df.callActivity(fail, "boom");
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
    return "";
  });
  expect(String((await host.run(name)).output)).toMatch(`Activity function '${fail}' failed:  boom`);
});

test("26 three failing attempts use ids 0 to 5, the last timer due at once, and the next call gets 6", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    try {
      yield context.df.callActivityWithRetry(fail, new df.RetryOptions(SECOND, 3), "x");
    } catch {
      return yield context.df.callActivity(echo, "after");
    }
    return "";
  });
  const id = await host.client.startNew(name);
  await host.pass(2 * SECOND);
  expect(await host.status(id)).toMatchObject({ runtimeStatus: "Completed", output: "after" });
  expect(decided(host.payloads.at(-1))).toEqual([
    [4, 0],
    [10, 1],
    [4, 2],
    [10, 3],
    [4, 4],
    [10, 5],
    [4, 6],
  ]);
  const timers = host.payloads.at(-1)?.history.filter((e) => e.EventType === 10) ?? [];
  expect(timers.map((e) => e.FireAt)).toEqual([
    "2026-01-01T00:00:01.000Z",
    "2026-01-01T00:00:02.000Z",
    "2026-01-01T00:00:02.000Z",
  ]);
});

test("27 a retry that succeeds on its second attempt leaves id 3 to the next call; delays grow up to their cap", async () => {
  const host = await openHarness();
  const flaky = (failures: number) => {
    let left = failures;
    return activity(() => {
      left -= 1;
      if (left >= 0) throw new Error("not yet");
      return "done";
    });
  };
  const [once, fourTimes] = [flaky(1), flaky(4)];
  const short = orchestrator(function* (context) {
    yield context.df.callActivityWithRetry(once, new df.RetryOptions(SECOND, 5));
    yield context.df.callActivity(echo, 1);
  });
  await host.client.startNew(short);
  await host.pass(SECOND);
  expect(decided(host.payloads.at(-1))).toEqual([
    [4, 0],
    [10, 1],
    [4, 2],
    [4, 3],
  ]);
  const long = orchestrator(function* (context) {
    const options = new df.RetryOptions(SECOND, 5);
    options.backoffCoefficient = 2;
    options.maxRetryIntervalInMilliseconds = 3 * SECOND;
    yield context.df.callActivityWithRetry(fourTimes, options);
  });
  const id = await host.client.startNew(long);
  await host.pass(8 * SECOND);
  expect((await host.status(id)).runtimeStatus).toBe("Running");
  await host.pass(SECOND);
  expect((await host.status(id)).runtimeStatus).toBe("Completed");
});

test("28 results of Task.all keep their order, numbers go depth first", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const { Task } = context.df;
    const call = (n: number) => context.df.callActivity(echo, n);
    return yield Task.all([call(1), Task.all([call(2), call(3)]), call(4)]);
  });
  expect((await host.run(name)).output).toEqual([1, [2, 3], 4]);
  expect(decided(host.payloads.at(-1))).toEqual([
    [4, 0],
    [4, 1],
    [4, 2],
    [4, 3],
  ]);
});

test("29 after a failure in Task.all the next step appears only when all siblings have settled", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const host = await openHarness();
  const slow = activity(() => promise);
  const ran: unknown[] = [];
  const note = activity((input) => ran.push(input));
  const name = orchestrator(function* (context) {
    try {
      yield context.df.Task.all([context.df.callActivity(fail, "x"), context.df.callActivity(slow)]);
    } catch {
      yield context.df.callActivity(note, "cleaned");
    }
  });
  const id = await host.client.startNew(name);
  while (host.payloads.length < 2) await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(ran).toEqual([]);
  expect(host.logs.join()).toContain("[failed-all]");
  resolve();
  await host.settle();
  expect(ran).toEqual(["cleaned"]);
  expect((await host.status(id)).runtimeStatus).toBe("Completed");
});

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
