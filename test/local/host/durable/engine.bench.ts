/** How many instances of five steps a second, and how soon an event completes its instance; every commit is synced. */
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { systemClock } from "../../../../local/clock.ts";
import { openDurableExtension } from "../../../../local/host/durable/index.ts";
import { createInvoker } from "./worker.ts";

const INSTANCES = Number(process.env.INSTANCES ?? 10_000);
const STEPS = 5;
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
const post = (target: string, body: string) =>
  extension.handle({
    method: "POST",
    path: target,
    query: new URLSearchParams(),
    headers: { "content-type": "application/json" },
    body,
    origin,
  });

console.log({
  node: process.version,
  cores: os.availableParallelism(),
  INSTANCES,
  STEPS,
  EVENTS,
  synchronous: "FULL",
});
const begun = performance.now();
await Promise.all(Array.from({ length: INSTANCES }, () => post("orchestrators/chain", "null")));
await extension.idle();
const seconds = (performance.now() - begun) / 1000;
console.log(`${Math.round(INSTANCES / seconds)} instances/s of ${STEPS} steps (${seconds.toFixed(2)} s)`);

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
