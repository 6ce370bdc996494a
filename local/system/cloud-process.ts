/** The simulated Azure and the world that moves in it, in one process: the local system runs it beside the host. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startAzure } from "../azure/index.ts";
import type { Service } from "../azure/service.ts";
import { systemClock } from "../clock.ts";
import type { RunningWorld } from "../world/driver/index.ts";
import { createWorldLabelling } from "../world/world-labelling.ts";
import { DEFAULT_WORLD, WORLD_NAMES, type WorldName, worldNamed } from "../world/worlds.ts";

const { values } = parseArgs({
  options: {
    "azure-port": { type: "string", default: "7072" },
    "amqp-port": { type: "string", default: "5672" },
    "storage-port": { type: "string", default: "10000" },
    "seconds-per-day": { type: "string", default: "3" },
    world: { type: "string", default: DEFAULT_WORLD },
    data: { type: "string", default: ".outerloop/azure" },
  },
});
const log = (level: string, message: string) => process.stderr.write(`${level}: ${message}\n`);

function worldOrExit(text: string): WorldName {
  const found = worldNamed(text);
  if (found) return found;
  process.stderr.write(`--world is '${text}', expected ${WORLD_NAMES.join(", ")}\n`);
  process.exit(1);
}
const name = worldOrExit(values.world);

let world: RunningWorld | undefined;
/** The front is up before the world is: until then nobody answers for it. */
const worldService: Service = {
  name: "world",
  handle: async (request) => world?.service.handle(request),
};
const azure = await startAzure({
  port: Number(values["azure-port"]),
  amqpPort: Number(values["amqp-port"]),
  storagePort: Number(values["storage-port"]),
  data: values.data,
  services: ({ data, clock }) => [worldService, createWorldLabelling({ data, clock })],
  // Whoever waits for the addresses goes on with them; what it asks too early waits here.
  onListening: (addresses) => process.stdout.write(`${JSON.stringify({ event: "ready", ...addresses })}\n`),
  // Event Grid waits 10 s before its first retry; whoever watches need not.
  retryScale: 0.1,
  log,
}).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
let isStopping = false;
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await world?.stop();
  await azure.stop();
  process.exit(0);
}
process.once("SIGTERM", () => void stop());
// Ctrl-C reaches every process of the terminal at once. The parent stops the host first, which still needs its broker.
process.on("SIGINT", () => {
  if (!process.connected) void stop();
});
// The parent is gone, however it went: nothing is left running.
process.once("disconnect", () => void stop());

// What the world needs is loaded while the others start; it begins only once everybody listens: an event that nobody has
// subscribed to is gone, here as in Azure.
const driver = import("../world/driver/index.ts");
process.once("message", async () => {
  const { startWorld } = await driver;
  world = await startWorld({
    world: name,
    azureOrigin: azure.origin,
    workspaceId: azure.workspaceId,
    identity: { endpoint: azure.identityEndpoint, header: azure.identityHeader },
    caFile: azure.caFile,
    data: join(values.data, "world", name),
    clock: systemClock,
    secondsPerDay: Number(values["seconds-per-day"]),
    log,
  });
});
