/** `node --expose-gc soak-process.ts TOTAL FIRST`: runs TOTAL instances and purges them; the last line says what that took. */
import { setImmediate } from "node:timers/promises";
import { openEmbedded } from "../bench/embedded.ts";

const [total = 0, first = 0] = process.argv.slice(2).map(Number);

/** Instances under way at once. */
const WINDOW = 50;

/** Three steps, the event's 1, and two steps more. */
const OUTPUT = 6;

const host = await openEmbedded();
let next = 0;

async function drive(until: number): Promise<void> {
  while (next < until) {
    const id = `i${next++}`;
    await host.start("soak", id);
    await host.raise(id);
  }
}

/** Runs instances until so many have been. @returns bytes resident afterwards, garbage aside */
async function run(until: number): Promise<number> {
  await Promise.all(Array.from({ length: WINDOW }, () => drive(until)));
  while (!(await isDone(until - 1))) await setImmediate();
  await host.idle();
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function isDone(last: number): Promise<boolean> {
  await host.idle();
  return host.outputOf(`i${last}`).then(
    () => true,
    () => false,
  );
}

const residentAfterFirst = await run(first);
const residentAfterAll = await run(total);
let completed = 0;
for (let i = 0; i < total; i += 1) completed += Number((await host.outputOf(`i${i}`)) === OUTPUT);
const bytesBeforePurge = host.bytesOnDisk();
const purged = await host.purge();
// the file is given back in slices, a slice a turn
for (let turn = 0; turn < 100; turn += 1) {
  await setImmediate();
  await host.idle();
}
const bytesAfterPurge = host.bytesOnDisk();
await host.stop();
const figures = {
  completed,
  purged,
  residentAfterFirst,
  residentAfterAll,
  bytesBeforePurge,
  bytesAfterPurge,
};
export type SoakFigures = typeof figures;
console.log(JSON.stringify(figures));
