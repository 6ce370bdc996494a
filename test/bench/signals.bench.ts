/** What it costs to read a payload and decide, beside `JSON.parse` of the same bytes: `node test/bench/signals.bench.ts`. */
import { readFileSync } from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";
import v8 from "node:v8";
import vm from "node:vm";
import { ModelState } from "../../shared/models/state.ts";
import { decide } from "../../shared/policy/decide.ts";
import { loadPolicy } from "../../shared/policy/load.ts";
import { parseAtDoor } from "../../shared/signals/doors.ts";
import type { ParseOutcome } from "../../shared/signals/outcome.ts";
import { parseModelEvent } from "../../shared/signals/parse.ts";
import { parseMessage } from "../../shared/traffic/parse-message.ts";
import { hostilePayloads } from "./hostile-payloads.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    million: { type: "string", default: "1000000" },
  },
});
const settings = { seconds: Number(values.seconds), million: Number(values.million) };
console.log({
  ...settings,
  node: process.version,
  cpu: os.cpus()[0]?.model,
  cores: os.availableParallelism(),
});

/** The most that reading and deciding may cost, as a multiple of `JSON.parse`. */
const MOST_TIMES_JSON = 6;
/** The most that a hostile byte may cost, as a multiple of a typical one. */
const MOST_TIMES_TYPICAL = 10;

/** The most that the live heap may grow by while a million payloads are read, in MB. */
const MOST_GROWTH_MB = 10;

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

const now = new Date("2026-07-01T12:00:00Z");
const policies = loadPolicy(readFileSync("policy.yaml", "utf8"), "policy.yaml");
const calm = ModelState.parse({ model: "weather-max" });

type Door = (bytes: Buffer) => ParseOutcome;
const doors = {
  // Its trigger hands over a value: the Functions worker has read the bytes by then.
  "model-events": (bytes) => parseModelEvent(JSON.parse(bytes.toString("utf8"))),
  alerts: (bytes) => parseAtDoor("alerts", bytes, now),
  budget: (bytes) => parseAtDoor("budget", bytes, now),
  "endpoint-traffic": (bytes) => parseMessage(bytes).outcome,
} satisfies Record<string, Door>;

/** One typical payload for each door. */
const typical: readonly [keyof typeof doors, string][] = [
  ["model-events", "eventgrid-ml-model-registered"],
  ["model-events", "eventgrid-ml-run-status-changed-monitor-breach-derived"],
  ["alerts", "alert-common-metric-multi-dimension-ml-endpoint-fired-derived"],
  ["budget", "alert-common-budget-actual-cost-fired"],
  ["endpoint-traffic", "eventhub-aml-online-endpoint-traffic-log-derived"],
  ["endpoint-traffic", "eventhub-defender-assessment"],
];

/** From bytes to decisions, as a door and reactions.ts do between them. */
function react(door: Door, bytes: Buffer): number {
  let decided = 0;
  const outcome = door(bytes);
  if (outcome.outcome !== "signal") return decided;
  for (const signal of outcome.signals) {
    const { model } = signal.subject;
    decide(signal, model === undefined ? null : policies.for(model), calm, now);
    decided += 1;
  }
  return decided;
}

const p99 = (sorted: Float64Array): number => sorted[Math.floor(sorted.length * 0.99)] ?? 0;

type Measured = { perSecond: number; p99Us: number; cpuUs: number };

/**
 * Runs of `work` for a while, after a warm-up: how many in a second, the slowest hundredth, and the processor time of one,
 * which does not hang on what else the machine does; in microseconds.
 */
function measure(work: () => unknown, seconds: number): Measured {
  const cold = process.threadCpuUsage();
  const warmUpUs = seconds * 150_000;
  while (process.threadCpuUsage(cold).user < warmUpUs) work();
  const took: number[] = [];
  const cpuBefore = process.threadCpuUsage();
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let at = begin;
  while (at < end) {
    work();
    const after = performance.now();
    took.push((after - at) * 1000);
    at = after;
  }
  const { user, system } = process.threadCpuUsage(cpuBefore);
  return {
    perSecond: took.length / ((at - begin) / 1000),
    p99Us: p99(Float64Array.from(took).sort()),
    cpuUs: (user + system) / took.length,
  };
}

const missed: string[] = [];

/** The word beside a figure; what misses its limit is said once more at the end. */
function verdict(isMet: boolean, figure: string): "met" | "MISSED" {
  if (!isMet) missed.push(figure);
  return isMet ? "met" : "MISSED";
}

const typicalNsPerByte = new Map<keyof typeof doors, number>();
const rows = typical.map(([door, name]) => {
  const bytes = readFileSync(new URL(`../fixtures/events/${name}.json`, import.meta.url));
  // By turns, so that whatever else the machine does meets both.
  const [jsonA, fullA, jsonB, fullB] = [1, 2, 1, 2].map((turn) =>
    turn === 1
      ? measure(() => JSON.parse(bytes.toString("utf8")), settings.seconds / 2)
      : measure(() => react(doors[door], bytes), settings.seconds / 2),
  );
  if (!jsonA || !fullA || !jsonB || !fullB) throw new Error("nothing was measured");
  const json = Math.max(jsonA.perSecond, jsonB.perSecond);
  const full = Math.max(fullA.perSecond, fullB.perSecond);
  const [jsonUs, fullUs] = [Math.min(jsonA.cpuUs, jsonB.cpuUs), Math.min(fullA.cpuUs, fullB.cpuUs)];
  const times = fullUs / jsonUs;
  const nsPerByte = (fullUs * 1000) / bytes.length;
  typicalNsPerByte.set(door, Math.max(nsPerByte, typicalNsPerByte.get(door) ?? 0));
  return {
    door,
    payload: name,
    bytes: bytes.length,
    "ops/s": Math.round(full),
    "p99 µs": Math.round(Math.min(fullA.p99Us, fullB.p99Us)),
    "JSON ops/s": Math.round(json),
    "JSON p99 µs": Math.round(Math.min(jsonA.p99Us, jsonB.p99Us)),
    "cpu µs": Number(fullUs.toFixed(2)),
    "JSON cpu µs": Number(jsonUs.toFixed(2)),
    "times JSON": Number(times.toFixed(2)),
    [`at most ${MOST_TIMES_JSON}`]: verdict(
      times <= MOST_TIMES_JSON,
      `${name}: ${times.toFixed(1)} times JSON.parse`,
    ),
  };
});
console.table(rows);

const hostile = Object.entries(hostilePayloads()).flatMap(([name, text]) => {
  const bytes = Buffer.from(text);
  const json = measure(() => JSON.parse(bytes.toString("utf8")), settings.seconds / 10);
  return Object.entries(doors).map(([door, read]) => {
    const { cpuUs } = measure(() => react(read, bytes), settings.seconds / 5);
    const nsPerByte = (cpuUs * 1000) / bytes.length;
    const ordinary = typicalNsPerByte.get(door as keyof typeof doors) ?? 0;
    const timesJson = cpuUs / json.cpuUs;
    return { name, door, bytes: bytes.length, nsPerByte, times: nsPerByte / ordinary, timesJson };
  });
});
hostile.sort((a, b) => b.times - a.times);
const judged = hostile.map(({ nsPerByte, times, timesJson, ...row }) => ({
  ...row,
  "ns/byte": Number(nsPerByte.toFixed(1)),
  "times typical": Number(times.toFixed(2)),
  // Near 1, JSON.parse alone is that dear: nothing that reads such bytes could be cheaper.
  "times JSON": Number(timesJson.toFixed(2)),
  [`at most ${MOST_TIMES_TYPICAL}`]: verdict(
    times <= MOST_TIMES_TYPICAL,
    `${row.name} at ${row.door}: ${times.toFixed(1)} times a typical byte, ${timesJson.toFixed(1)} times JSON.parse of it`,
  ),
}));
console.table(judged.slice(0, 12));
console.log(`and ${Math.max(judged.length - 12, 0)} cheaper ones of ${judged.length}`);

const bytes = readFileSync(
  new URL(
    "../fixtures/events/alert-common-metric-multi-dimension-ml-endpoint-fired-derived.json",
    import.meta.url,
  ),
);
const heapMb: number[] = [];
for (let count = 0; count < settings.million; count += 1) {
  react(doors.alerts, bytes);
  if (count % Math.ceil(settings.million / 10) === 0) heapMb.push(liveHeapMb());
}
const growthMb = (heapMb.at(-1) ?? 0) - (heapMb[1] ?? 0);
console.log({
  payloads: settings.million,
  heapMb,
  [`grows by at most ${MOST_GROWTH_MB} MB`]: verdict(
    growthMb <= MOST_GROWTH_MB,
    `the heap grew: ${heapMb.join(", ")} MB`,
  ),
});

/** After a collection. */
function liveHeapMb(): number {
  collect();
  return Math.round(process.memoryUsage().heapUsed / 1e5) / 10;
}

console.log(missed.length === 0 ? "every limit is met" : `MISSED:\n${missed.join("\n")}`);
process.exitCode = missed.length === 0 ? 0 : 1;
