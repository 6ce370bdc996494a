/** The simulated Azure and the world that moves in it, in one process: the local system runs it beside the host. */
import { parseArgs } from "node:util";
import { startAzure } from "../azure/index.ts";
import { systemClock } from "../clock.ts";
import { startWorld } from "../world/driver/index.ts";

const { values } = parseArgs({
  options: {
    "azure-port": { type: "string", default: "7072" },
    "amqp-port": { type: "string", default: "5672" },
    "storage-port": { type: "string", default: "10000" },
    "seconds-per-day": { type: "string", default: "3" },
    data: { type: "string", default: ".outerloop" },
  },
});
