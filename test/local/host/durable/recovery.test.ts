import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../../../local/clock.ts";
import { openDurableExtension } from "../../../../local/host/durable/index.ts";
import { activity, openHarness, orchestrator } from "./harness.ts";

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await fs.rm(folder, { recursive: true, force: true });
});

async function temporaryFolder(): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "outerloop-recovery-"));
  folders.push(folder);
  return folder;
}

/** Runs a host until it dies or is done. */
function runHost(folder: string, dieAt: string): Promise<{ signal: string | null; output: string }> {
  const script = fileURLToPath(import.meta.resolve("./doomed-host.ts"));
  const files = [path.join(folder, "durable.db"), path.join(folder, "journal")];
  const child = spawn(process.execPath, [script, ...files, dieAt], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => child.on("close", (_, signal) => resolve({ signal, output })));
}

test.concurrent.each([
  { number: "46", dieAt: "after second", ran: ["first", "second", "second", "third"] },
  { number: "47", dieAt: "before second", ran: ["first", "second", "third"] },
  { number: "47a", dieAt: "before first", ran: ["first", "second", "third"] },
])(
  "$number a host killed $dieAt goes on where it was, and repeats at most the step that was not kept",
  async ({ dieAt, ran }) => {
    const folder = await temporaryFolder();
    expect((await runHost(folder, dieAt)).signal).toBe("SIGKILL");
    const { output } = await runHost(folder, "");
    const status = JSON.parse(output);
    expect(status).toMatchObject({
      runtimeStatus: "Completed",
      output: ["went", "first", "second", "third"],
    });
    const steps = status.historyEvents.filter(
      (item: { EventType: string }) => item.EventType === "TaskCompleted",
    );
    expect(steps.map((item: { FunctionName: string }) => item.FunctionName)).toEqual([
      "first",
      "second",
      "third",
    ]);
    const journal = await fs.readFile(path.join(folder, "journal"), "utf8");
    expect(journal.split("\n").filter((line) => ["first", "second", "third"].includes(line))).toEqual(ran);
  },
);

test.concurrent("an acknowledged event survives a kill right after its acknowledgement", async () => {
  const folder = await temporaryFolder();
  expect((await runHost(folder, "acknowledged")).signal).toBe("SIGKILL");
  expect(await fs.readFile(path.join(folder, "journal"), "utf8")).toContain("acknowledged 202");
  expect(JSON.parse((await runHost(folder, "")).output)).toMatchObject({ runtimeStatus: "Completed" });
});

test("48 a second host is refused the same file", async () => {
  const file = path.join(await temporaryFolder(), "durable.db");
  const invoker = { functions: [], invoke: () => Promise.reject(new Error("unused")) };
  const options = { file, config: {}, clock: systemClock, invoker, log() {} };
  const first = openDurableExtension(options);
  expect(() => openDurableExtension(options)).toThrow("Another host may hold it");
  await first.stop();
  await openDurableExtension(options).stop();
});

test("49 after a restart overdue timers fire at once, in the order in which they fell due", async () => {
  const host = await openHarness();
  const fired: unknown[] = [];
  const note = activity((name) => fired.push(name));
  const name = orchestrator(function* (context) {
    const [label, seconds] = Object(context.df.getInput());
    yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + seconds * 1000));
    yield context.df.callActivity(note, label);
  });
  for (const input of [
    ["slow", 30],
    ["quick", 10],
    ["late", 90],
  ]) {
    await host.client.startNew(name, { input });
  }
  await host.settle();
  await host.extension.stop();
  host.clock.advance(60_000);
  await host.reopen();
  await host.settle();
  expect(fired).toEqual(["quick", "slow"]);
  await host.pass(30_000);
  expect(fired).toEqual(["quick", "slow", "late"]);
});

test("a run that breaks off without an answer is repeated, not failed", async () => {
  let isLost = true;
  const host = await openHarness({
    beforeInvoke: async (name) => {
      if (!isLost || name !== plain) return;
      isLost = false;
      throw new Error("worker lost");
    },
  });
  const plain = orchestrator(function* () {
    return "done";
  });
  const id = await host.client.startNew(plain);
  await host.settle();
  expect((await host.status(id)).runtimeStatus).toBe("Pending");
  await host.pass(5_000);
  expect((await host.status(id)).runtimeStatus).toBe("Completed");
});
