import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Witness } from "../../local/demo/witness.ts";
import type { SystemOptions } from "../../local/system/options.ts";
import { type System, startSystem } from "../../local/system/system.ts";
import { writeQuickPolicy } from "./quick-policy.ts";

/** Free ports, and a day a second. */
export const QUICK = { port: 0, azurePort: 0, amqpPort: 0, storagePort: 0, secondsPerDay: 1 };

/** Two processes start, and much is compiled: seconds on an idle machine, many on one that is busy. */
export const START_WITHIN_MS = 120_000;

export interface Loop {
  readonly folder: string;
  readonly system: System;
  readonly witness: Witness;
  stop(): Promise<void>;
}

/**
 * The whole local system in a folder of its own, and a witness of what happens in it.
 *
 * @param policy - its file; absent: the repository's own, with shorter waits
 */
export async function startLoop(options: Partial<SystemOptions> = {}, policy?: string): Promise<Loop> {
  const folder = await mkdtemp(join(tmpdir(), "loop-"));
  const settings = { OUTERLOOP_POLICY: policy ?? (await writeQuickPolicy(folder)) };
  const system = await startSystem({ ...QUICK, data: join(folder, "data"), ...options }, settings);
  const witness = new Witness(system.addresses.host);
  return {
    folder,
    system,
    witness,
    async stop() {
      witness.stop();
      await system.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What jobs said on stderr: it is gone with the folder, and a failed test is understood by it. */
export async function complaintsOfJobs({ folder }: Loop): Promise<string> {
  const files = glob("data/azure/machine-learning/jobs/**/std_err.log", { cwd: folder });
  const said = await Array.fromAsync(files, async (file) => [
    file,
    await readFile(join(folder, file), "utf8"),
  ]);
  return said
    .filter(([, text]) => text !== "")
    .map((one) => one.join("\n"))
    .join("\n");
}
