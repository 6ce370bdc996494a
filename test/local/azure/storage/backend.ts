import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { startStorage } from "../../../../local/azure/storage/index.ts";

export interface Backend {
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** The storage under test: our own, or the one that OUTERLOOP_STORAGE names (Azurite, a real account). */
export async function startBackend(): Promise<Backend> {
  const given = process.env.OUTERLOOP_STORAGE;
  return given ? { connectionString: given, stop: async () => {} } : startOwnBackend();
}

export async function startOwnBackend(): Promise<Backend> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "storage-"));
  const storage = await startStorage({ port: 0, data });
  return {
    connectionString: storage.connectionString,
    async stop() {
      await storage.stop();
      fs.rmSync(data, { recursive: true });
    },
  };
}
