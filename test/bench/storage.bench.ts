/** How many single-entity writes a second the local storage acknowledges: `npx node test/bench/storage.bench.ts`. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { TableClient } from "@azure/data-tables";

const { values } = parseArgs({
  options: {
    writes: { type: "string", default: "20000" },
    clients: { type: "string", default: "64" },
    bytes: { type: "string", default: "500" },
  },
});
const settings = {
  writes: Number(values.writes),
  clients: Number(values.clients),
  bytes: Number(values.bytes),
};
console.log({ ...settings, node: process.version, cores: os.availableParallelism(), folder: os.tmpdir() });

const data = fs.mkdtempSync(path.join(os.tmpdir(), "storage-bench-"));
const child = spawn(process.execPath, ["test/local/azure/storage/storage-process.ts", data], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const connectionString = await firstLine();
  const table = TableClient.fromConnectionString(connectionString, "bench", {
    allowInsecureConnection: true,
  });
  await table.createTable();
  const text = "x".repeat(settings.bytes);
  const latenciesMs: number[] = [];
  let next = 0;
  const cpuBefore = process.cpuUsage();
  const begin = performance.now();
  const client = async () => {
    while (next < settings.writes) {
      const rowKey = String(next++);
      const sent = performance.now();
      await table.createEntity({ partitionKey: `p${next % 16}`, rowKey, text });
      latenciesMs.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: settings.clients }, client));
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => Number(latenciesMs[Math.floor(latenciesMs.length * share)]?.toFixed(1));
  console.log({
    writesPerSecond: Math.round(settings.writes / seconds),
    // Near 1, the SDK's own work in the one client process is what bounds the rate.
    clientBusy: Number(((user + system) / 1e6 / seconds).toFixed(2)),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
  });
} finally {
  child.kill();
  fs.rmSync(data, { recursive: true });
}

async function firstLine(): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("The storage process ended before it was ready.");
}
