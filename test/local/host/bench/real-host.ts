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

const local = (file: string) => fileURLToPath(new URL(`../../../../local/${file}`, import.meta.url));

/** The two ways to the host's command line. */
export const WAYS = {
  /** As `npm run host` and `npm start` do it: TypeScript without its types is kept for the next start. */
  launched: [local("run.js"), local("host/command.ts")],
  /** Node on the TypeScript itself, which it strips of its types each time. */
  alone: [local("host/main.ts")],
} as const;

/** The host tidies its memory a second after it is ready. */
const UNTIL_IDLE_MS = 4000;

export interface HostStart {
  /** From the spawning of the process to its word that it is ready. */
  readonly readyMs: number;
  readonly idleMegabytes: number;
}

/** @param temporary - folder in which Node keeps compiled code; empty for a first start */
export async function startOnce(temporary: string, way: readonly string[]): Promise<HostStart> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
  const begun = performance.now();
  const args = ["--app", BENCH_APP, "--port", "0", "--data", data, "--json"];
  const child = spawn(process.execPath, [...way, ...args], {
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

/** What every program on this Node pays first. */
export async function startNode(): Promise<number> {
  const begun = performance.now();
  await once(spawn(process.execPath, ["--eval", ""], { stdio: "ignore" }), "exit");
  return performance.now() - begun;
}

/** As the kernel counts it, millions of bytes. */
function residentMegabytes(pid: number): number {
  const pages = Number(fs.readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return (pages * 4096) / 1e6;
}
