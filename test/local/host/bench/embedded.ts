/** The host's own worker and durable engine over the bench app, with synchronous=FULL, called without HTTP in between. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../../local/clock.ts";
import { openDurableExtension } from "../../../../local/host/durable/index.ts";
import { filteredLog } from "../../../../local/host/logging.ts";
import { processSettings } from "../../../../local/host/settings/app-settings.ts";
import { readHostJson } from "../../../../local/host/settings/host-json.ts";
import { loadApp } from "../../../../local/host/worker/index.ts";
import { Worker } from "../../../../local/host/worker/worker.ts";

export const BENCH_APP = fileURLToPath(new URL("../apps/bench", import.meta.url));

export interface Embedded {
  /** Starts an instance; resolves when it has ended and its end is on the disk. */
  run(orchestrator: string): Promise<unknown>;
  /** Starts an instance under an id; resolves when the start is on the disk. */
  start(orchestrator: string, id: string): Promise<unknown>;
  /** Raises the event `go` with the number 1. */
  raise(id: string): Promise<unknown>;
  /** The output of an instance that must have completed. */
  outputOf(id: string): Promise<unknown>;
  /** Purges every ended instance. @returns how many they were */
  purge(): Promise<number>;
  /** Bytes of the data file and of what is not yet merged into it. */
  bytesOnDisk(): number;
  /** Resolves when nothing is left to do and everything is on the disk. */
  idle(): Promise<void>;
  /** Calls back at the beginning of each step, with `performance.now()`. */
  onStep(listener: ((at: number) => void) | undefined): void;
  stop(): Promise<void>;
}

const ORIGIN = "http://localhost:1";

export async function openEmbedded(): Promise<Embedded> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "outerloop-bench-"));
  const settings = readHostJson(BENCH_APP, {});
  const log = filteredLog((_, __, message) => console.error(message), settings.logging.logLevel);
  const app = await loadApp(BENCH_APP, processSettings, log, undefined);
  const worker = new Worker({
    functions: app.functions,
    model: app.model,
    hooks: app.hooks,
    log,
    functionTimeoutMs: settings.functionTimeout,
    durableClientBinding: () => "",
    writeOutputs: async () => {},
  });
  const durable = openDurableExtension({
    file: path.join(folder, "durable.sqlite"),
    config: settings.extensions.durableTask,
    clock: systemClock,
    invoker: worker,
    log,
  });
  await durable.start({ baseUrl: `${ORIGIN}/runtime`, rpcBaseUrl: `${ORIGIN}/rpc/`, code: "" });
  const ask = async (method: string, target: string, query = "", body = "") => {
    const answer = await durable.handle({
      method,
      path: target,
      query: new URLSearchParams(query),
      headers: { "content-type": "application/json" },
      body,
      url: ORIGIN,
    });
    if (answer.status >= 300) throw new Error(`${method} ${target} answers ${answer.status}: ${answer.body}`);
    return answer.body;
  };
  const watch: { onStep?: ((at: number) => void) | undefined } = Reflect.get(globalThis, "outerloopBench");
  return {
    async run(orchestrator) {
      const wait = "timeout=600&pollingInterval=600";
      const answer = await ask("POST", `orchestrators/${orchestrator}`, wait, "null");
      // Both mean that what is measured has not happened: it goes on, or it did not complete.
      if (/"(statusQueryGetUri|runtimeStatus)"/.test(answer)) throw new Error(`${orchestrator}: ${answer}`);
      return answer;
    },
    start: (orchestrator, id) => ask("POST", `orchestrators/${orchestrator}/${id}`, "", "null"),
    raise: (id) => ask("POST", `instances/${id}/raiseEvent/go`, "", "1"),
    async outputOf(id) {
      const { runtimeStatus, output } = JSON.parse(await ask("GET", `instances/${id}`));
      if (runtimeStatus !== "Completed") throw new Error(`${id} is ${runtimeStatus}: ${output}`);
      return output;
    },
    purge: async () => {
      const answer = await ask("DELETE", "instances", "createdTimeFrom=2000-01-01T00:00:00Z");
      return JSON.parse(answer).instancesDeleted;
    },
    bytesOnDisk: () =>
      fs.readdirSync(folder).reduce((sum, file) => sum + fs.statSync(path.join(folder, file)).size, 0),
    idle: () => durable.idle(),
    onStep: (listener) => {
      watch.onStep = listener;
    },
    async stop() {
      await durable.stop();
      fs.rmSync(folder, { recursive: true });
    },
  };
}
