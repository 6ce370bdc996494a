/** The host's command line in a process of its own, measured from outside: how soon it is ready, and what it holds when idle. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BENCH_APP } from "./embedded.ts";

const MAIN = fileURLToPath(new URL("../../../../local/host/main.ts", import.meta.url));

/** The host tidies its memory a second after it is ready. */
const UNTIL_IDLE_MS = 4000;

export interface HostStart {
  /** From the spawning of the process to its word that it is ready. */
  readonly readyMs: number;
  readonly idleMegabytes: number;
}

/** @param temporary - folder in which Node keeps compiled code; empty for a first start */
export async function startOnce(temporary: string): Promise<HostStart> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
  const begun = performance.now();
  const child = spawn(process.execPath, [MAIN, "--app", BENCH_APP, "--port", "0", "--data", data, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: temporary },
  });
  await once(createInterface({ input: child.stdout }), "line");
  const readyMs = performance.now() - begun;
  await setTimeout(UNTIL_IDLE_MS);
  const idleMegabytes = residentMegabytes(child.pid ?? 0);
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
  fs.rmSync(data, { recursive: true });
  return { readyMs, idleMegabytes };
}

/** As the kernel counts it, millions of bytes. */
function residentMegabytes(pid: number): number {
  const pages = Number(fs.readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return (pages * 4096) / 1e6;
}
