import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { openDurableExtension } from "../../../../local/host/durable/index.ts";
import { activity, orchestrator } from "./harness.ts";
import { createInvoker } from "./worker.ts";

const ORIGIN = "http://localhost:1";

/** Rows under their ids and episodes, as the file had them first. */
const FIRST_LAYOUT = `
CREATE TABLE instances (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, execution_id TEXT NOT NULL, status INTEGER NOT NULL,
  input TEXT, output TEXT, custom_status TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, parent TEXT
) WITHOUT ROWID;
CREATE TABLE history (
  instance_id TEXT NOT NULL, episode INTEGER NOT NULL, events TEXT NOT NULL, PRIMARY KEY (instance_id, episode)
) WITHOUT ROWID;
CREATE TABLE messages (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
`;

function scratchFile(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-store-"));
  onTestFinished(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, "durable.sqlite");
}

async function open(file: string) {
  const extension = openDurableExtension({
    file,
    config: {},
    clock: new ManualClock(Date.UTC(2026, 0, 2)),
    invoker: createInvoker(() => ""),
    log() {},
  });
  await extension.start({ baseUrl: `${ORIGIN}/runtime`, rpcBaseUrl: `${ORIGIN}/rpc/`, code: "" });
  const ask = async (method: string, target: string, query = "", body = "") => {
    const headers = { "content-type": "application/json" };
    const request = {
      method,
      path: target,
      query: new URLSearchParams(query),
      headers,
      body,
      url: ORIGIN,
    };
    const answer = await extension.handle(request);
    await extension.idle();
    return { status: answer.status, body: answer.body === "" ? undefined : JSON.parse(answer.body) };
  };
  return { ask, stop: () => extension.stop() };
}

test("a file of the first layout is taken over: an instance that waits goes on from its second episode", async () => {
  const double = activity((n) => Number(n) * 2);
  const name = orchestrator(function* (context) {
    const doubled: number = yield context.df.callActivity(double, 4);
    const added: number = yield context.df.waitForExternalEvent("go");
    return doubled + added;
  });
  const Timestamp = "2026-01-01T00:00:00.000Z";
  const mark = (EventType: number) => ({ EventType, EventId: -1, Timestamp });
  const start = {
    Name: name,
    Version: "",
    Input: null,
    OrchestrationInstance: { InstanceId: "a", ExecutionId: "e" },
  };
  const episodes = [
    [
      mark(12),
      { ...mark(0), ...start },
      { ...mark(4), EventId: 0, Name: double, Version: "", Input: "[4]" },
      mark(13),
    ],
    [mark(12), { ...mark(5), TaskScheduledId: 0, Result: "8" }, mark(13)],
  ];
  const file = scratchFile();
  const database = new DatabaseSync(file);
  database.exec(FIRST_LAYOUT);
  const at = Date.parse(Timestamp);
  const row = ["a", name, "", "e", 0, null, null, null, at, at, null];
  database.prepare("INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(...row);
  const insert = database.prepare("INSERT INTO history VALUES ('a', ?, ?)");
  for (const [number, events] of episodes.entries()) insert.run(number, JSON.stringify(events));
  database.close();

  const host = await open(file);
  expect(await host.ask("POST", "instances/a/raiseEvent/go", "", "5")).toMatchObject({ status: 202 });
  expect((await host.ask("GET", "instances/a")).body).toMatchObject({
    runtimeStatus: "Completed",
    output: 13,
  });
  await host.stop();
  const again = await open(file);
  expect((await again.ask("GET", "instances/a")).body).toMatchObject({
    runtimeStatus: "Completed",
    output: 13,
  });
  await again.stop();
});

test("an id that is started anew keeps nothing of its ended instance's history", async () => {
  const name = orchestrator(function* (context) {
    return context.df.getInput();
  });
  const host = await open(scratchFile());
  await host.ask("POST", `orchestrators/${name}/a`, "", "1");
  await host.ask("POST", `orchestrators/${name}/a`, "", "2");
  const { body } = await host.ask("GET", "instances/a", "showHistory=true");
  expect(body.output).toBe(2);
  expect(body.historyEvents.map(({ EventType }: { EventType: string }) => EventType)).toEqual([
    "ExecutionStarted",
    "ExecutionCompleted",
  ]);
  await host.stop();
});
