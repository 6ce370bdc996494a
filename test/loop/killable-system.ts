import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { System } from "../../local/system/system.ts";

/** A local system in a process group of its own. */
export interface KillableSystem extends Pick<System, "addresses" | "cloud"> {
  /** SIGKILL to the whole tree at once: nobody gets to tidy up. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function startKillable(data: string, policy: string): Promise<KillableSystem> {
  const child = spawn(process.execPath, ["test/loop/system-process.ts", data, policy], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: Pick<System, "addresses" | "cloud"> = JSON.parse(await firstLine(child));
  const closed = once(child, "close");
  return {
    ...said,
    async kill() {
      process.kill(-Number(child.pid), "SIGKILL");
      await closed;
    },
    async stop() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("close", (code) => reject(new Error(`the system ended with ${code} before it was ready`)));
    if (child.stdout) createInterface({ input: child.stdout }).once("line", resolve);
  });
}
