import { expect, test } from "vitest";
import { activity, df, openHarness, orchestrator } from "./harness.ts";

const DAY = 86_400_000;
const echo = activity((input) => input);
const later = (context: { df: { currentUtcDateTime: Date } }, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

const twice = orchestrator(function* (context) {
  const timer = context.df.createTimer(later(context, 60_000));
  yield context.df.Task.any([context.df.waitForExternalEvent("a"), timer]);
  yield context.df.Task.any([context.df.waitForExternalEvent("b"), timer]);
  timer.cancel();
  return yield context.df.callActivity(echo, "end");
});

test("50 a task used in a second race is scheduled twice, as in Azure, and the log names the fault", async () => {
  const host = await openHarness();
  await host.client.startNew(twice, { instanceId: "x" });
  await host.client.raiseEvent("x", "a", 1);
  await host.settle();
  const { historyEvents } = await host.status("x", "?showHistory=true");
  expect(historyEvents?.filter((item) => item.EventType === "TimerCreated")).toHaveLength(2);
  expect(host.logs.join()).toContain(`[reused-task] orchestrator '${twice}'`);
});

test("in strict mode a fault fails the instance in its words", async () => {
  const host = await openHarness({ strict: true });
  await host.client.startNew(twice, { instanceId: "x" });
  await host.client.raiseEvent("x", "a", 1);
  await host.settle();
  expect(await host.status("x")).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("[reused-task]"),
  });
});

test("51 a call of an unknown activity leaves the instance running, and the log says it never answers", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    yield context.df.callActivity("nobody");
  });
  expect((await host.run(name)).runtimeStatus).toBe("Running");
  expect(host.logs.join()).toContain("error: [call-without-answer]");
  expect(host.logs.join()).toContain("the activity 'nobody' is not registered");
});

const failsOnce = () => {
  let runs = 0;
  return activity(() => {
    runs += 1;
    if (runs === 1) throw new Error("first");
    return "done";
  });
};

test("51a a retried call that won against a timer, then cancelled, fails as non-deterministic, with the remedy logged", async () => {
  const host = await openHarness();
  const flaky = failsOnce();
  const name = orchestrator(function* (context) {
    const work = context.df.callActivityWithRetry(flaky, new df.RetryOptions(1000, 3));
    const deadline = context.df.createTimer(later(context, 60_000));
    yield context.df.Task.any([work, deadline]);
    deadline.cancel();
    yield context.df.callActivity(echo, "next");
    return yield context.df.callActivity(echo, "last");
  });
  const id = await host.client.startNew(name);
  await host.pass(61_000);
  expect(await host.status(id)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("Non-Deterministic workflow detected"),
  });
  expect(host.logs.join()).toContain("[retry-raced-with-cancelled-timer]");
});

test("51a the same work inside a sub-orchestration succeeds", async () => {
  const host = await openHarness();
  const flaky = failsOnce();
  const child = orchestrator(function* (context) {
    return yield context.df.callActivityWithRetry(flaky, new df.RetryOptions(1000, 3));
  });
  const name = orchestrator(function* (context) {
    const work = context.df.callSubOrchestrator(child);
    const deadline = context.df.createTimer(later(context, 60_000));
    yield context.df.Task.any([work, deadline]);
    deadline.cancel();
    yield context.df.callActivity(echo, "next");
    return yield context.df.callActivity(echo, "last");
  });
  const id = await host.client.startNew(name);
  await host.pass(2_000);
  expect(await host.status(id)).toMatchObject({ runtimeStatus: "Completed", output: "last" });
});

test("51b two races with fresh timers, each loser cancelled, end at once with the right numbers", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const heard: unknown[] = [];
    for (let round = 0; round < 2; round += 1) {
      const event = context.df.waitForExternalEvent("go");
      const timer = context.df.createTimer(later(context, 60_000));
      yield context.df.Task.any([event, timer]);
      timer.cancel();
      heard.push(event.result);
    }
    const answer: unknown = yield context.df.callActivity(echo, heard);
    return answer;
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.client.raiseEvent("x", "go", 1);
  await host.client.raiseEvent("x", "go", 2);
  await host.settle();
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: [1, 2] });
  expect(host.logs).toEqual([]);
  const scheduled = host.payloads.at(-1)?.history.find((event) => event.EventType === 4);
  expect(scheduled?.EventId).toBe(2);
});

test("cancelling a long timer after its first slice fails as non-deterministic, with the remedy logged", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const timer = context.df.createTimer(later(context, 10 * DAY));
    yield context.df.Task.any([context.df.waitForExternalEvent("go"), timer]);
    timer.cancel();
    yield context.df.callActivity(echo, 1);
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.pass(4 * DAY);
  await host.client.raiseEvent("x", "go", 1);
  await host.settle();
  expect((await host.status("x")).runtimeStatus).toBe("Failed");
  expect(host.logs.join()).toContain("[cancelled-long-timer]");
});

test("a late long timer after an early race is named before it resumes too soon", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    const deadline = context.df.createTimer(later(context, 5 * DAY));
    yield context.df.Task.any([context.df.waitForExternalEvent("go"), deadline]);
    deadline.cancel();
    yield context.df.createTimer(later(context, 5 * DAY));
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.pass(3 * DAY);
  await host.client.raiseEvent("x", "go", 1);
  await host.settle();
  expect(host.logs.join()).toContain("[long-timer-after-race]");
});

const waitTwice = orchestrator(function* (context) {
  const waits = [context.df.waitForExternalEvent("go"), context.df.waitForExternalEvent("GO")];
  return yield context.df.Task.any(waits);
});

test("two waits for one event name in a compound are named, and fail the instance in strict mode", async () => {
  const lenient = await openHarness();
  expect((await lenient.run(waitTwice)).runtimeStatus).toBe("Running");
  expect(lenient.logs.join()).toContain(`[duplicate-event-name] orchestrator '${waitTwice}'`);
  const strict = await openHarness({ strict: true });
  expect(await strict.run(waitTwice)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("[duplicate-event-name]"),
  });
});

/** A wait that lost its race stays, and takes the event that a later one waits for. */
const swallowed = orchestrator(function* (context) {
  const timer = context.df.createTimer(later(context, 1000));
  yield context.df.Task.any([context.df.waitForExternalEvent("go"), timer]);
  yield context.df.createTimer(later(context, 1000));
  return yield context.df.waitForExternalEvent("go");
});

test.each([
  { strict: false, runtimeStatus: "Running" },
  { strict: true, runtimeStatus: "Failed" },
])(
  "an event that an old, lost wait took is named once the code waits for it in vain (strict: $strict)",
  async (each) => {
    const host = await openHarness({ strict: each.strict });
    await host.client.startNew(swallowed, { instanceId: "x" });
    await host.pass(1500);
    await host.client.raiseEvent("x", "go", 1);
    await host.pass(1000);
    expect((await host.status("x")).runtimeStatus).toBe(each.runtimeStatus);
    expect(host.logs.join()).toContain(`[event-lost-to-old-wait] orchestrator '${swallowed}'`);
  },
);

test("in strict mode a timer that is left open at the end fails the instance, which would only be late in Azure", async () => {
  const host = await openHarness({ strict: true });
  const name = orchestrator(function* (context) {
    const timer = context.df.createTimer(later(context, 60_000));
    yield context.df.Task.any([context.df.callActivity(echo, 1), timer]);
  });
  expect(await host.run(name)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringMatching(/^\[open-timer-at-end\].*Cancel the timers that lost a race/),
  });
});

test("in strict mode a Task.all that the host still waits for fails the instance, which would only be late in Azure", async () => {
  const host = await openHarness({ strict: true });
  const refused = activity(() => {
    throw new Error("no");
  });
  const name = orchestrator(function* (context) {
    const slow = context.df.waitForExternalEvent("later");
    try {
      yield context.df.Task.all([context.df.callActivity(refused), slow]);
    } catch {
      yield context.df.callActivity(echo, 1);
    }
  });
  expect(await host.run(name)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("[failed-all]"),
  });
});

test("a new wait for an event that lost a race is no fault as long as it gets the event", async () => {
  const host = await openHarness({ strict: true });
  const name = orchestrator(function* (context) {
    for (;;) {
      const event = context.df.waitForExternalEvent("go");
      const timer = context.df.createTimer(later(context, 1000));
      const first: unknown = yield context.df.Task.any([event, timer]);
      if (first !== event) continue;
      timer.cancel();
      return event.result;
    }
  });
  await host.client.startNew(name, { instanceId: "x" });
  await host.pass(2500);
  await host.client.raiseEvent("x", "go", 7);
  await host.settle();
  expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: 7 });
  expect(host.logs).toEqual([]);
});

test.each([
  {
    trap: "numeric-event-name",
    handler: orchestrator(function* (context) {
      yield context.df.waitForExternalEvent("0");
    }),
  },
  {
    trap: "retry-timeout",
    handler: orchestrator(function* (context) {
      const options = new df.RetryOptions(1000, 3);
      options.retryTimeoutInMilliseconds = 500;
      yield context.df.callActivityWithRetry(echo, options, 1);
    }),
  },
])("the log names $trap", async ({ trap, handler }) => {
  const host = await openHarness();
  await host.run(handler);
  expect(host.logs.join()).toContain(`[${trap}]`);
});
