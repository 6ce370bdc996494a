/** How many single-entity writes a second the local storage acknowledges: `npx node test/bench/storage.bench.ts`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { TableClient } from "@azure/data-tables";
import { line, quantile } from "./figures.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    writes: { type: "string", default: "20000" },
    clients: { type: "string", default: "64" },
    bytes: { type: "string", default: "500" },
  },
});
const settings = {
  rounds: Number(values.rounds),
  writes: Number(values.writes),
  clients: Number(values.clients),
  bytes: Number(values.bytes),
};
console.log({ ...settings, node: process.version, cores: os.availableParallelism(), folder: os.tmpdir() });

interface Round {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  /** Processor seconds a second. Near 1, the SDK's own work in this one process is what bounds the rate. */
  readonly clientBusy: number;
}

async function writeRound(): Promise<Round> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "storage-bench-"));
  const child = spawn(process.execPath, ["test/local/azure/storage/storage-process.ts", data], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [connectionString] = await once(createInterface({ input: child.stdout }), "line");
    const table = TableClient.fromConnectionString(connectionString, "bench", {
      allowInsecureConnection: true,
    });
    await table.createTable();
    const text = "x".repeat(settings.bytes);
    const latenciesMs: number[] = [];
    let next = 0;
    const cpuBefore = process.cpuUsage();
    const begun = performance.now();
    const client = async () => {
      while (next < settings.writes) {
        const rowKey = String(next++);
        const sent = performance.now();
        await table.createEntity({ partitionKey: `p${next % 16}`, rowKey, text });
        latenciesMs.push(performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: settings.clients }, client));
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      perSecond: settings.writes / seconds,
      latenciesMs,
      clientBusy: (user + system) / 1e6 / seconds,
    };
  } finally {
    child.kill();
    await once(child, "exit");
    fs.rmSync(data, { recursive: true });
  }
}

const rounds: Round[] = [];
for (let round = 0; round < settings.rounds; round += 1) rounds.push(await writeRound());
const perSecond = rounds.map((round) => round.perSecond);
console.log(
  line({ name: "acknowledged writes", values: perSecond, unit: "/s", better: "more", target: 3000 }),
);
for (const share of [0.5, 0.99]) {
  const latencies = rounds.map(({ latenciesMs }) => quantile(latenciesMs, share));
  console.log(line({ name: `a write, p${share * 100}`, values: latencies, unit: "ms", better: "less" }));
}
const clientBusy = rounds.map((round) => round.clientBusy);
console.log(line({ name: "the client's processor", values: clientBusy, unit: "s/s", better: "less" }));
