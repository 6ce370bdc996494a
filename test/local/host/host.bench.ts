/** `npm run bench -- host`: the durable engine, the host's start and memory, and two other engines in the same run. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Figure, line, quantile } from "../../bench/figures.ts";
import type { EmbeddedFigures } from "./bench/embedded-process.ts";
import { type HostStart, startNode, startOnce, WAYS } from "./bench/real-host.ts";
import { SIZES } from "./bench/sizes.ts";

console.log({
  node: process.version,
  cores: os.availableParallelism(),
  loadOfOneMinute: os.loadavg()[0],
  synchronous: "FULL",
  ...SIZES,
});

const print = (figure: Figure) => console.log(line(figure));

/** Single-row commits a second on the disk that the engines write to, each of them synced. */
function commitsPerSecond(): number {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
  const database = new DatabaseSync(path.join(folder, "commits.sqlite"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (text TEXT)");
  const insert = database.prepare("INSERT INTO rows VALUES (?)");
  const begun = performance.now();
  let commits = 0;
  for (; performance.now() - begun < 1000; commits += 1) insert.run("x".repeat(100));
  const seconds = (performance.now() - begun) / 1000;
  database.close();
  fs.rmSync(folder, { recursive: true });
  return commits / seconds;
}

/** A file system without a disk: what the engine takes there is its own share. */
const MEMORY_FOLDER = "/dev/shm";

/** Runs one engine's bench in a process of its own. @returns its last line, read as JSON */
function measure(name: string, env: Record<string, string> = {}): unknown {
  const script = fileURLToPath(new URL(`./bench/${name}-process.ts`, import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`The bench of ${name} ended with code ${status}.`);
  return JSON.parse(stdout.toString().trim().split("\n").at(-1) ?? "");
}

interface Throughput {
  readonly instancesPerSecond: readonly number[];
}
interface OurThroughput extends Throughput {
  readonly cpuMsPerInstance: number;
}

const medianOf = ({ instancesPerSecond }: Throughput) => quantile(instancesPerSecond, 0.5);
const commits = [commitsPerSecond()];

// One engine after the other, and again: a machine that is slow for a while is so for each of them.
const turns = Array.from({ length: SIZES.ROUNDS }, () => {
  const ours = measure("throughput") as OurThroughput;
  return {
    ours: medianOf(ours),
    cpuMsPerInstance: ours.cpuMsPerInstance,
    inMemory: medianOf(measure("durabletask") as Throughput),
    // its batches take long enough for one to be enough
    openworkflow: medianOf(measure("openworkflow", { ROUNDS: "1" }) as Throughput),
  };
});
commits.push(commitsPerSecond());
const ours = measure("embedded") as EmbeddedFigures;
const MEMORY = { TMPDIR: MEMORY_FOLDER, ROUNDS: "1" };
const unsynced = fs.existsSync(MEMORY_FOLDER)
  ? {
      instancesPerSecond: medianOf(measure("throughput", MEMORY) as Throughput),
      ...(measure("embedded", MEMORY) as EmbeddedFigures),
    }
  : undefined;
commits.push(commitsPerSecond());

console.log(`\n${SIZES.INSTANCES} instances of ${SIZES.STEPS} steps at once, the median of each turn`);
const instances = turns.map((turn) => turn.ours);
print({ name: "instances", values: instances, unit: "/s", better: "more", target: 1000 });
print({ name: "steps", values: instances.map((each) => each * SIZES.STEPS), unit: "/s", better: "more" });
print({
  name: "single-row commits of the same disk, before, between and after",
  values: commits,
  unit: "/s",
  better: "more",
});
print({
  name: "CPU an instance, warm-up included",
  values: turns.map((turn) => turn.cpuMsPerInstance),
  unit: "ms",
  better: "less",
});
for (const [name, key, target] of [
  ["durabletask-js in memory", "inMemory", 0.4],
  ["openworkflow on SQLite (its own settings)", "openworkflow", 4],
] as const) {
  print({ name, values: turns.map((turn) => turn[key]), unit: "instances/s", better: "more" });
  const ratios = turns.map((turn) => turn.ours / turn[key]);
  print({ name: `ours to ${name}`, values: ratios, unit: "times", better: "more", target });
}

console.log(`\n${SIZES.LATENCIES} instances one after another`);
const commitMs = commits.map((perSecond) => 1000 / perSecond);
print({
  name: "one commit of the same disk: each of the two latencies holds one",
  values: commitMs,
  unit: "ms",
  better: "less",
});
print({ name: "start to first step, p50", values: ours.startP50, unit: "ms", better: "less", target: 1 });
print({ name: "start to first step, p99", values: ours.startP99, unit: "ms", better: "less" });
print({ name: "event to completion, p50", values: ours.eventP50, unit: "ms", better: "less", target: 1 });
print({ name: "event to completion, p99", values: ours.eventP99, unit: "ms", better: "less", target: 5 });

if (unsynced) {
  const { instancesPerSecond, startP50, eventP50, eventP99 } = unsynced;
  console.log(`\nThe same with the file in ${MEMORY_FOLDER}, where a commit costs nothing`);
  print({ name: "instances", values: [instancesPerSecond], unit: "/s", better: "more" });
  print({ name: "start to first step, p50", values: startP50, unit: "ms", better: "less" });
  print({ name: "event to completion, p50", values: eventP50, unit: "ms", better: "less" });
  print({ name: "event to completion, p99", values: eventP99, unit: "ms", better: "less" });
}

console.log(`\nOne instance of ${SIZES.LONG_STEPS} steps`);
print({ name: "the first 100", values: ours.longFirst, unit: "ms", better: "less" });
print({
  name: "the last 100 (each step replays all before it)",
  values: ours.longLast,
  unit: "ms",
  better: "less",
});
print({ name: "all", values: ours.longTotal, unit: "ms", better: "less" });

console.log("\nThe host's command line, in a process of its own");
const cache = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
const first = await startOnce(cache, WAYS.launched);
const bare: number[] = [];
const launched: HostStart[] = [];
const alone: HostStart[] = [];
await startOnce(cache, WAYS.alone);
for (let round = 0; round < SIZES.ROUNDS; round += 1) {
  bare.push(await startNode());
  launched.push(await startOnce(cache, WAYS.launched));
  alone.push(await startOnce(cache, WAYS.alone));
}
fs.rmSync(cache, { recursive: true });
print({
  name: "the very first start, nothing compiled yet",
  values: [first.readyMs],
  unit: "ms",
  better: "less",
});
print({ name: "Node alone, from start to end", values: bare, unit: "ms", better: "less" });
for (const [how, starts] of [
  ["npm run host", launched],
  ["node local/host/main.ts", alone],
] as const) {
  const readyMs = starts.map((start) => start.readyMs);
  print({ name: `start to ready, ${how}`, values: readyMs, unit: "ms", better: "less", target: 400 });
  const megabytes = starts.map((start) => start.idleMegabytes);
  print({ name: `resident when idle, ${how}`, values: megabytes, unit: "MB", better: "less", target: 90 });
}
