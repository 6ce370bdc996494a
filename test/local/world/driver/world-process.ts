/** A world in a process of its own: its options come as JSON in the first argument. */
import { systemClock } from "../../../../local/clock.ts";
import { startWorld } from "../../../../local/world/driver/index.ts";

const options = JSON.parse(process.argv[2] ?? "{}");
await startWorld({ ...options, clock: systemClock, log: () => {} });
// The clock's timers keep no process alive.
setInterval(() => {}, 60_000);
