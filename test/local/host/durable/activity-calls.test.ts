import { expect, test } from "vitest";
import { activity, df, openHarness, orchestrator } from "./harness.ts";
import { decided, echo, fail, later, SECOND } from "./steps.ts";

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
