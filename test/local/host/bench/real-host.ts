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

/**
 * @param temporary - folder in which Node keeps compiled code; empty for a first start
 * @param keepsTypeScript - whether TypeScript without its types is kept there too, as it is when `npm start` starts the
 *   host: Node does so by a variable alone, not at the program's own word
 */
export async function startOnce(temporary: string, keepsTypeScript: boolean): Promise<HostStart> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
  const begun = performance.now();
  const child = spawn(process.execPath, [MAIN, "--app", BENCH_APP, "--port", "0", "--data", data, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      TMPDIR: temporary,
      ...(keepsTypeScript && { NODE_COMPILE_CACHE: path.join(temporary, "node-compile-cache") }),
    },
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
