/**
 * `npm run check:azurite`: the storage contract tests against Microsoft's own emulator instead of ours. What passes on
 * both says something about Azure. npx brings the emulator; the project itself does not depend on it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const AZURITE = "azurite@3.37.0";
const CONTRACT = ["tables", "blobs", "blob-copies", "shared-access"].map(
  (name) => `test/local/azure/storage/${name}.test.ts`,
);
/** The account that every Azurite has, and its published key. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/** npx may have to download the emulator first. */
const START_TIMEOUT_MS = 300_000;

const data = await mkdtemp(path.join(tmpdir(), "azurite-"));
// A process group of its own, because npx starts the emulator as the child of a shell: all of it ends together.
const emulator = spawn("npx", ["--yes", AZURITE, ...azuriteOptions(data)], {
  stdio: ["ignore", "pipe", "inherit"],
  detached: true,
});
const stop = () => {
  if (emulator.pid !== undefined && emulator.exitCode === null) process.kill(-emulator.pid);
};
process.once("SIGINT", stop).once("SIGTERM", stop);
try {
  const connectionString = await addresses(emulator);
  // It logs every request: nobody reading, it would stop at a full pipe.
  emulator.stdout.resume();
  process.exitCode = await runContract(connectionString);
} finally {
  const ended = emulator.exitCode === null ? once(emulator, "close") : undefined;
  stop();
  await ended;
  await rm(data, { recursive: true, force: true });
}

function azuriteOptions(location: string): string[] {
  const ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"];
  return [...ports, "--location", location, "--skipApiVersionCheck", "--disableTelemetry"];
}

/** Waits until blobs and tables listen. */
async function addresses({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error("The emulator has no output to read its ports from.");
  const timer = setTimeout(stop, START_TIMEOUT_MS);
  const found: Record<string, string> = {};
  for await (const line of createInterface({ input: stdout })) {
    const [, service, origin] = /Azurite (\w+) service is successfully listening at (\S+)/.exec(line) ?? [];
    if (service && origin) found[service] = origin;
    if (found.Blob && found.Table) {
      clearTimeout(timer);
      const endpoints = `BlobEndpoint=${found.Blob}/${ACCOUNT};TableEndpoint=${found.Table}/${ACCOUNT};`;
      return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};${endpoints}`;
    }
  }
  throw new Error(`${AZURITE} ended, or said nothing for ${START_TIMEOUT_MS / 1000} s, before it listened.`);
}

async function runContract(connectionString: string): Promise<number> {
  const env = { ...process.env, OUTERLOOP_STORAGE: connectionString };
  const vitest = spawn("npx", ["vitest", "run", ...CONTRACT], { stdio: "inherit", env });
  const [code] = await once(vitest, "close");
  return typeof code === "number" ? code : 1;
}
