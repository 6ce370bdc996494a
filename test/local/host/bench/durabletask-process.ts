/** The in-memory backend of `@microsoft/durabletask-js`, with the worker and the client that it brings: no disk, no wire. */
import {
  InMemoryOrchestrationBackend,
  type OrchestrationContext,
  TestOrchestrationClient,
  TestOrchestrationWorker,
} from "@microsoft/durabletask-js";
import { rounds, SIZES } from "./sizes.ts";

/** It logs every event of every instance; unheard, so that what is measured is its work. */
const print = console.log;
for (const level of ["log", "info", "debug"] as const) console[level] = () => {};

const backend = new InMemoryOrchestrationBackend();
const worker = new TestOrchestrationWorker(backend);
const client = new TestOrchestrationClient(backend);
worker.addNamedActivity("step", (_, n: number) => n + 1);
worker.addNamedOrchestrator("chain", async function* (context: OrchestrationContext) {
  let n = 0;
  for (let i = 0; i < SIZES.STEPS; i += 1) n = yield context.callActivity("step", n);
  return n;
});
await worker.start();
const instancesPerSecond = await rounds(async () => {
  const id = await client.scheduleNewOrchestration("chain");
  const state = await client.waitForOrchestrationCompletion(id, true, 60);
  if (state?.serializedOutput !== String(SIZES.STEPS)) throw new Error(`${id}: ${state?.serializedOutput}`);
});
await worker.stop();
print(JSON.stringify({ instancesPerSecond }));
