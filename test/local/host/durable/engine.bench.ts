/** How many instances of five steps a second, and how soon an event completes its instance; every commit is synced. */
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { systemClock } from "../../../../local/clock.ts";
import { openDurableExtension } from "../../../../local/host/durable/index.ts";
import { createInvoker } from "./worker.ts";

const INSTANCES = Number(process.env.INSTANCES ?? 6000);
const STEPS = 5;
/** How many instances are under way at once. */
const WINDOW = Number(process.env.WINDOW ?? 300);
const EVENTS = Number(process.env.EVENTS ?? 500);
const df = await import("durable-functions");
df.app.activity("step", { handler: async (n: number) => n + 1 });
df.app.orchestration("chain", function* (context) {
  let n = 0;
  for (let i = 0; i < STEPS; i += 1) n = yield context.df.callActivity("step", n);
  return n;
});
df.app.orchestration("wait", function* (context) {
  return yield context.df.waitForExternalEvent("go");
});

const folder = await fs.mkdtemp(path.join(os.tmpdir(), "outerloop-bench-"));
const extension = openDurableExtension({
  file: path.join(folder, "durable.db"),
  config: { maxConcurrentActivityFunctions: 200, maxConcurrentOrchestratorFunctions: 200 },
  clock: systemClock,
  invoker: createInvoker(() => ""),
  log: (_, __, message) => console.error(message),
});
const origin = "http://localhost:1";
await extension.start({ baseUrl: `${origin}/runtime`, rpcBaseUrl: `${origin}/rpc/`, code: "" });
const post = (target: string, body: string, query = "") =>
  extension.handle({
    method: "POST",
    path: target,
    query: new URLSearchParams(query),
    headers: { "content-type": "application/json" },
    body,
    origin,
  });

console.log({
  node: process.version,
  cores: os.availableParallelism(),
  INSTANCES,
  WINDOW,
  STEPS,
  EVENTS,
  synchronous: "FULL",
});
const cpuBefore = process.cpuUsage();
const begun = performance.now();
let left = INSTANCES;
const keepStarting = async () => {
  while (left-- > 0) await post("orchestrators/chain", "null", "timeout=60");
};
await Promise.all(Array.from({ length: WINDOW }, keepStarting));
const seconds = (performance.now() - begun) / 1000;
const cpu = process.cpuUsage(cpuBefore);
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
console.log(
  `${Math.round(INSTANCES / seconds)} instances/s of ${STEPS} steps (${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU)`,
);

const latenciesMs: number[] = [];
for (let i = 0; i < EVENTS; i += 1) {
  await post(`orchestrators/wait/w${i}`, "null");
  await extension.idle();
  const raised = performance.now();
  await post(`instances/w${i}/raiseEvent/go`, "1");
  await extension.idle();
  latenciesMs.push(performance.now() - raised);
}
latenciesMs.sort((a, b) => a - b);
const at = (share: number) => latenciesMs[Math.floor(share * latenciesMs.length)]?.toFixed(3);
console.log(`event to completion: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`);
await extension.stop();
await fs.rm(folder, { recursive: true });
