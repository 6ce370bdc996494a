import * as df from "durable-functions";

const { orchestration } = df.app;

orchestration("cities", function* (context) {
  const greetings: string[] = [];
  for (const city of ["Tokyo", "Seattle", "London"]) {
    greetings.push(yield context.df.callActivity("greet", city));
  }
  return greetings;
});
orchestration("rethrow", function* (context) {
  yield context.df.callActivity("failFirst", context.df.instanceId);
});
orchestration("catch", function* (context) {
  try {
    yield context.df.callActivity("failFirst", context.df.instanceId);
    return "no error";
  } catch (error) {
    return `Caught exception: ${error}`;
  }
});
orchestration("retry", function* (context) {
  yield context.df.callActivityWithRetry("failFirst", new df.RetryOptions(20, 3), context.df.instanceId);
  return "Success";
});
orchestration("rethrowEntity", function* (context) {
  yield context.df.callEntity(new df.EntityId("fragile", "one"), "get", context.df.instanceId);
});
orchestration("catchEntity", function* (context) {
  try {
    yield context.df.callEntity(new df.EntityId("fragile", "one"), "get", context.df.instanceId);
    return "no error";
  } catch (error) {
    return String(error);
  }
});
orchestration("retryEntity", function* (context) {
  const entity = new df.EntityId("fragile", "one");
  try {
    yield context.df.callEntity(entity, "get", context.df.instanceId);
  } catch {
    yield context.df.callEntity(entity, "get", context.df.instanceId);
  }
  return "Success";
});
orchestration("inputs", function* (context) {
  const results: unknown[] = [];
  for (const input of Object(context.df.getInput())) {
    results.push(yield context.df.callActivity("inputKind", input));
  }
  return results;
});
orchestration("wait", function* (context) {
  yield context.df.waitForExternalEvent("Approval");
  return "Orchestrator Finished!";
});
orchestration("counter", function* (context) {
  let value = 0;
  for (;;) {
    const operation: string = yield context.df.waitForExternalEvent("operation");
    if (operation === "end") return value;
    value += operation === "incr" ? 1 : -1;
  }
});
/** The same as a new generation for each event. */
orchestration("eternalCounter", function* (context) {
  const value = Number(context.df.getInput());
  const operation: string = yield context.df.waitForExternalEvent("operation");
  if (operation === "end") return value;
  context.df.continueAsNew(value + (operation === "incr" ? 1 : -1));
  return value;
});
orchestration("twoNames", function* (context) {
  let value = 0;
  for (;;) {
    const increment = context.df.waitForExternalEvent("incr");
    const done = context.df.waitForExternalEvent("done");
    const winner: df.Task = yield context.df.Task.any([increment, done]);
    if (winner === done) return value;
    value += 1;
  }
});
orchestration("rewindable", function* (context) {
  const { failures } = Object(context.df.getInput());
  const key = context.df.instanceId;
  const before: number = yield context.df.callActivity("count", `${key} before`);
  const failing: number = yield context.df.callActivity("failUntil", { key, failures });
  const after: number = yield context.df.callActivity("count", `${key} after`);
  return { before, failing, after };
});
orchestration("replaying", function* (context) {
  const snapshots = [context.df.isReplaying];
  for (const step of ["one", "two", "three"]) {
    yield context.df.callActivity("echo", step);
    snapshots.push(context.df.isReplaying);
  }
  return snapshots;
});
orchestration("timeout", function* (context) {
  const { limitMs, workMs } = Object(context.df.getInput());
  const work = context.df.callActivity("nap", workMs);
  const limit = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + limitMs));
  const winner: df.Task = yield context.df.Task.any([work, limit]);
  if (winner === limit) return "timed out";
  limit.cancel();
  return work.result;
});
orchestration("transfer", function* (context) {
  const from = new df.EntityId("account", "A");
  const to = new df.EntityId("account", "B");
  context.df.signalEntity(from, "set", 100);
  context.df.signalEntity(to, "set", 0);
  const lock: df.DurableLock = yield context.df.lock(from, to);
  yield context.df.callEntity(from, "add", -30);
  yield context.df.callEntity(to, "add", 30);
  lock.release();
  const left: number = yield context.df.callEntity(from, "get");
  const arrived: number = yield context.df.callEntity(to, "get");
  return `from=${left};to=${arrived}`;
});
orchestration("nestedLock", function* (context) {
  yield context.df.lock(new df.EntityId("account", "C"));
  yield context.df.lock(new df.EntityId("account", "D"));
});
orchestration("poll", function* (context) {
  const answer: { statusCode: number; content: string } = yield context.df.callHttp({
    method: "GET",
    url: String(context.df.getInput()),
  });
  return [answer.statusCode, answer.content];
});
orchestration("anyCase", function* (context) {
  yield context.df.callEntity(new df.EntityId("Account", "case"), "set", 7);
  const value: number = yield context.df.callEntity(new df.EntityId("aCCOUNT", "case"), "get");
  return value;
});
orchestration("parentOf", function* (context) {
  const child: unknown = yield context.df.callSubOrchestrator("familyOf");
  return { own: context.df.parentInstanceId ?? null, id: context.df.instanceId, child };
});
orchestration("familyOf", function* (context) {
  return context.df.parentInstanceId ?? null;
});
orchestration("guids", function* (context) {
  const first = [context.df.newGuid("a"), context.df.newGuid("a")];
  const recorded: string[] = yield context.df.callActivity("echo", first);
  return { first, recorded };
});
orchestration("returns", function* (context) {
  return context.df.getInput();
});
orchestration("activityReturns", function* (context) {
  const result: unknown = yield context.df.callActivity("echo", context.df.getInput());
  return result;
});
orchestration("yieldsText", function* () {
  const notATask: df.Task = JSON.parse('"a text"');
  yield notATask;
});
orchestration("yieldsSignal", function* (context) {
  const nothing: df.Task = Reflect.apply(context.df.signalEntity, context.df, [new df.EntityId("note", "x")]);
  yield nothing;
});
orchestration("emptyAll", function* (context) {
  yield context.df.Task.all([]);
});
orchestration("noRetryOptions", function* (context) {
  const none: unknown = undefined;
  yield Reflect.apply(context.df.callActivityWithRetry, context.df, ["echo", none, 1]);
});
orchestration("fanOut", function* (context) {
  const tasks = ["a", "b", "c"].map((name) => context.df.callActivity("greet", name));
  const greetings: string[] = yield context.df.Task.all(tasks);
  return greetings;
});
orchestration("yieldsTwice", function* (context) {
  const task = context.df.callActivity("count", `${context.df.instanceId} twice`);
  const first: number = yield task;
  const second: number = yield task;
  return [first, second];
});
orchestration("status", function* (context) {
  context.df.setCustomStatus({ stage: "waiting" });
  yield context.df.waitForExternalEvent("go");
  return "gone";
});
