/** How many instances a second our engine completes, in a process of its own; the last line is the figures as JSON. */
import { openEmbedded } from "./embedded.ts";
import { rounds, SIZES } from "./sizes.ts";

const host = await openEmbedded();
const cpuBefore = process.cpuUsage();
const instancesPerSecond = await rounds(() => host.run("chain"));
const { user, system } = process.cpuUsage(cpuBefore);
await host.stop();

const batches = SIZES.WARM_UP_BATCHES + SIZES.ROUNDS;
const cpuMsPerInstance = (user + system) / 1000 / (batches * SIZES.INSTANCES);
console.log(JSON.stringify({ instancesPerSecond, cpuMsPerInstance }));
