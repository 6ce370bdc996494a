import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { isStopped } from "../../../../local/azure/machine-learning/process-state.ts";

/** A shell that starts a command, each a process group of its own. */
async function startShell() {
  const shell = spawn("/bin/sh", ["-c", "sleep 60; true"], { detached: true, stdio: "ignore" });
  const { pid } = shell;
  if (pid === undefined) throw new Error("The shell did not start.");
  onTestFinished(() => void process.kill(-pid, "SIGKILL"));
  return { pid, signal: (name: NodeJS.Signals) => process.kill(-pid, name) };
}

test("a process that goes on is not stopped, and neither is one that does not exist", async () => {
  const { pid } = await startShell();
  expect(isStopped(pid)).toBe(false);
  expect(isStopped(2 ** 22 + 1)).toBe(false);
});

test("a shell is found stopped at whatever moment it was stopped, and going on afterwards", async () => {
  // The moments are spread over what a shell takes to start its command: some fall between its vfork and the exec.
  for (let moment = 0; moment < 60; moment++) {
    const { pid, signal } = await startShell();
    const until = process.hrtime.bigint() + BigInt(moment * 25_000);
    while (process.hrtime.bigint() < until);
    signal("SIGSTOP");
    await expect.poll(() => isStopped(pid), { interval: 2 }).toBe(true);
    signal("SIGCONT");
    await expect.poll(() => isStopped(pid), { interval: 2 }).toBe(false);
  }
});
