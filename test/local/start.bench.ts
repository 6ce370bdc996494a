/** How soon everything answers after `npm start`, npm itself included: `npm run bench -- start`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { line } from "../bench/figures.ts";

const ROUNDS = 4;
const PORTS = ["--port", "--azure-port", "--amqp-port", "--storage-port"].flatMap((flag) => [flag, "0"]);

console.log({
  node: process.version,
  cores: os.availableParallelism(),
  loadOfOneMinute: Number(os.loadavg()[0]?.toFixed(2)),
  ROUNDS,
});

/** @returns from the command to the last answer, ms */
async function startOnce(temporary: string): Promise<number> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
  const begun = performance.now();
  const child = spawn("npm", ["start", "--silent", "--", ...PORTS, "--data", data, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: temporary },
    detached: true,
  });
  const gone = once(child, "exit");
  for await (const text of createInterface({ input: child.stdout })) {
    if (JSON.parse(text).event !== "ready") continue;
    const readyMs = performance.now() - begun;
    // As Ctrl-C does it: npm does not pass it on.
    process.kill(-Number(child.pid), "SIGINT");
    await gone;
    fs.rmSync(data, { recursive: true });
    return readyMs;
  }
  throw new Error("It ended before everything answered.");
}

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
const readyMs: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) readyMs.push(await startOnce(temporary));
fs.rmSync(temporary, { recursive: true });

const [first = Number.NaN, ...later] = readyMs;
const figure = { unit: "ms", better: "less", target: 3000 } as const;
console.log(line({ name: "everything ready, nothing compiled yet", values: [first], ...figure }));
console.log(line({ name: "everything ready, later", values: later, ...figure }));
