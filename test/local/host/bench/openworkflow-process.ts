/** The SQLite backend of `openworkflow`, with its own worker and client over one file. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { OpenWorkflow } from "openworkflow";
import { BackendSqlite } from "openworkflow/sqlite";
import { rounds, SIZES } from "./sizes.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
const backend = BackendSqlite.connect(path.join(folder, "openworkflow.sqlite"));
const client = new OpenWorkflow({ backend });
const chain = client.defineWorkflow({ name: "chain" }, async ({ step }) => {
  let n = 0;
  for (let i = 0; i < SIZES.STEPS; i += 1) n = await step.run({ name: `step ${i}` }, async () => n + 1);
  return n;
});
const worker = client.newWorker({ concurrency: Number(process.env.CONCURRENCY ?? 20) });
await worker.start();
const instancesPerSecond = await rounds(async () => {
  const handle = await chain.run();
  const result = await handle.result({ timeoutMs: 600_000 });
  if (result !== SIZES.STEPS) throw new Error(`the result is ${result}`);
  // a batch takes so long that one is warm-up enough
}, 1);
await worker.stop();
await backend.stop();
fs.rmSync(folder, { recursive: true });
console.log(JSON.stringify({ instancesPerSecond }));
