/** The simulated Azure as a process of its own: `npm run azure -- [--data DIR]`. */
import path from "node:path";
import { parseArgs } from "node:util";
import { importBundled } from "../bundled.ts";
import type { Azure } from "./index.ts";

const USAGE = `Usage: npm run azure -- [options]
  --azure-port N    HTTP services, plain and TLS (7072)
  --amqp-port N     Service Bus and Event Hubs (5672)
  --storage-port N  blobs; tables are two ports above it (10000)
  --entities FILE   queues, topics and hubs beside the product's, as Config.json of Microsoft's emulators has them
  --data DIR        what is kept (.outerloop/azure)
  --retry-scale X   factor on Event Grid's retry schedule (1)
  --json            one line of JSON with all addresses once everything answers
A port of 0 takes a free one.`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      "azure-port": { type: "string", default: "7072" },
      "amqp-port": { type: "string", default: "5672" },
      "storage-port": { type: "string", default: "10000" },
      entities: { type: "string" },
      data: { type: "string", default: path.join(".outerloop", "azure") },
      "retry-scale": { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    port: readNumber("--azure-port", values["azure-port"], 65_535),
    amqpPort: readNumber("--amqp-port", values["amqp-port"], 65_535),
    storagePort: readNumber("--storage-port", values["storage-port"], 65_533),
    retryScale: Number(values["retry-scale"]),
    entitiesFile: values.entities,
    data: path.resolve(values.data),
    isJson: values.json,
    isHelp: values.help,
  };
}

function readNumber(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new Error(`${flag} is '${text}', expected a whole number from 0 to ${most}.`);
}

function announce(azure: Azure, isJson: boolean): void {
  if (isJson) {
    const addresses = Object.entries(azure).filter(([, value]) => typeof value !== "function");
    console.log(JSON.stringify({ event: "ready", ...Object.fromEntries(addresses) }));
    return;
  }
  console.log(`The simulated Azure is ready.
  HTTP services  ${azure.origin} (or ${azure.httpOrigin}), mailbox ${azure.httpOrigin}/mailbox
  GitHub         ${azure.githubApiUrl}; Azure DevOps ${azure.devOpsUrl}; what was opened ${azure.httpOrigin}/delivery
  AMQP           localhost:${azure.amqpPort}
  Storage        blobs ${azure.blobPort}, tables ${azure.tablePort}
  Certificates   NODE_EXTRA_CA_CERTS=${azure.caFile}`);
}

function stopWith(azure: Azure): void {
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    await azure.stop();
    process.exit(0);
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  // As the child of a process that is gone, however it went: nothing is left running.
  process.on("disconnect", stop);
}

try {
  const { isJson, isHelp, entitiesFile, ...options } = readOptions();
  if (isHelp) {
    console.log(USAGE);
  } else {
    const log = (level: string, message: string) => console.error(`${level}: ${message}`);
    const { startAzure, readEmulatorConfig } = await importBundled<typeof import("./index.ts")>(
      new URL("./index.ts", import.meta.url),
    );
    const entities = entitiesFile === undefined ? {} : await readEmulatorConfig(entitiesFile);
    const azure = await startAzure({ ...options, entities, log });
    stopWith(azure);
    announce(azure, isJson);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
