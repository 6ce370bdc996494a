import { expect, test } from "vitest";
import { activity, df, entity, openHarness, orchestrator } from "./harness.ts";
import { createInvoker } from "./worker.ts";

const counter = entity((context) => {
  const value = Number(context.df.getState(() => 0));
  switch (context.df.operationName) {
    case "add":
      context.df.setState(value + Number(context.df.getInput()));
      break;
    case "fail":
      throw "refused";
    case "forward":
      context.df.signalEntity(new df.EntityId(counter, "other"), "add", value);
      break;
    default:
      context.df.return(value);
  }
});
const idOf = (key: string) => new df.EntityId(counter, key);
const echo = activity((input) => input);

/** Decisions of the last payload: kind by code, number, name. */
const numbersOf = (payload: { history: { EventType: number; EventId: number }[] } | undefined) =>
  (payload?.history ?? [])
    .filter((event) => [4, 7, 10, 14].includes(event.EventType))
    .map((event) => [event.EventType, event.EventId]);

test("52 a batch runs in order and answers only those who called", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    context.df.signalEntity(idOf("a"), "add", 2);
    context.df.signalEntity(idOf("a"), "add", 3);
    return yield context.df.callEntity(idOf("a"), "get");
  });
  expect((await host.run(name)).output).toBe(5);
  const answers = host.payloads.at(-1)?.history.filter((event) => event.EventType === 15);
  expect(answers).toHaveLength(1);
});

test("53 a call gets what the entity returned, and an error as an exception", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    yield context.df.callEntity(idOf("a"), "add", 7);
    const value: number = yield context.df.callEntity(idOf("a"), "get");
    try {
      yield context.df.callEntity(idOf("a"), "fail");
    } catch (error) {
      return [value, error instanceof Error ? error.message : ""];
    }
    return [];
  });
  expect((await host.run(name)).output).toEqual([7, "refused"]);
});

test("54 a signal takes a number of its own", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    context.df.signalEntity(idOf("a"), "add", 1);
    yield context.df.callActivity(echo, 1);
  });
  await host.run(name);
  expect(numbersOf(host.payloads.at(-1))).toEqual([
    [14, 0],
    [4, 1],
  ]);
});

test("55 a lock of two entities uses ids 0, 1, 2 and 3, and others wait until its release", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const host = await openHarness();
  const hold = activity(() => promise);
  const owner = orchestrator(function* (context) {
    const lock: { release(): void } = yield context.df.lock(idOf("a"), idOf("b"));
    yield context.df.callEntity(idOf("a"), "add", 1);
    lock.release();
    yield context.df.callActivity(echo, "free");
    return "owner";
  });
  const holder = orchestrator(function* (context) {
    const lock: { release(): void } = yield context.df.lock(idOf("a"));
    yield context.df.callActivity(hold);
    yield context.df.callEntity(idOf("a"), "add", 10);
    lock.release();
  });
  const other = orchestrator(function* (context) {
    return yield context.df.callEntity(idOf("a"), "get");
  });
  expect((await host.run(owner)).output).toBe("owner");
  expect(numbersOf(host.payloads.at(-1))).toEqual([
    [14, 0],
    [14, 1],
    [14, 2],
    [14, 3],
    [4, 4],
  ]);
  await host.client.startNew(holder, { instanceId: "holder" });
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
  await host.client.startNew(other, { instanceId: "other" });
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
  expect((await host.status("other")).runtimeStatus).toBe("Running");
  resolve();
  await host.settle();
  expect(await host.status("other")).toMatchObject({ runtimeStatus: "Completed", output: 11 });
});

test("55a a lock still held when the code ends is given back", async () => {
  const host = await openHarness();
  const careless = orchestrator(function* (context) {
    yield context.df.lock(idOf("a"));
    return "left";
  });
  const other = orchestrator(function* (context) {
    return yield context.df.callEntity(idOf("a"), "get");
  });
  expect((await host.run(careless)).output).toBe("left");
  expect((await host.run(other)).output).toBe(0);
});

test("56 a host of an older protocol is refused locks by the package, in words that name V4", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    yield context.df.lock(idOf("a"));
  });
  await host.run(name);
  const older = { ...host.payloads[0], isReplaying: false, upperSchemaVersion: 1, upperSchemaVersionNew: 2 };
  const durations = {
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
  };
  const outcome = await createInvoker(() => "").invoke({
    functionName: name,
    reason: "test",
    triggerData: { string: JSON.stringify({ ...older, ...durations }) },
  });
  expect(outcome).toMatchObject({ succeeded: false, message: expect.stringContaining("V4") });
});

test("57 what an entity signals arrives after its own batch", async () => {
  const host = await openHarness();
  await host.client.signalEntity(idOf("one"), "add", 6);
  await host.client.signalEntity(idOf("one"), "forward");
  await host.settle();
  expect(await host.client.readEntityState(idOf("other"))).toEqual({ entityExists: true, entityState: 6 });
});

test("an entity keeps its state over a restart", async () => {
  const host = await openHarness();
  await host.client.signalEntity(idOf("a"), "add", 3);
  await host.settle();
  await host.reopen();
  await host.client.signalEntity(idOf("a"), "add", 4);
  await host.settle();
  expect((await host.client.readEntityState(idOf("a"))).entityState).toBe(7);
});

test("signalling an entity that nobody registered fails the orchestration", async () => {
  const host = await openHarness();
  const name = orchestrator(function* (context) {
    context.df.signalEntity(new df.EntityId("nobody", "a"), "add", 1);
  });
  expect(await host.run(name)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("the entity 'nobody' is not registered"),
  });
});
