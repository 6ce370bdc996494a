/** How soon our engine answers, in a process of its own; the last line is the figures as JSON. */

import { quantile } from "../../../bench/figures.ts";
import { openEmbedded } from "./embedded.ts";
import { SIZES } from "./sizes.ts";

const host = await openEmbedded();

async function startLatencies(): Promise<number[]> {
  const latenciesMs: number[] = [];
  for (let i = 0; i < SIZES.LATENCIES; i += 1) {
    const { promise, resolve } = Promise.withResolvers<number>();
    host.onStep(resolve);
    const begun = performance.now();
    const ended = host.run("chain");
    latenciesMs.push((await promise) - begun);
    await ended;
    await host.idle();
  }
  host.onStep(undefined);
  return latenciesMs;
}

async function eventLatencies(round: number): Promise<number[]> {
  const latenciesMs: number[] = [];
  for (let i = 0; i < SIZES.LATENCIES; i += 1) {
    await host.start("wait", `w${round}-${i}`);
    await host.idle();
    const begun = performance.now();
    await host.raise(`w${round}-${i}`);
    await host.idle();
    latenciesMs.push(performance.now() - begun);
  }
  return latenciesMs;
}

/** @returns what the first and the last hundred of a long instance's steps took, ms */
async function longInstance(): Promise<{ first: number; last: number; total: number }> {
  const stepsAt: number[] = [];
  host.onStep((at) => stepsAt.push(at));
  const begun = performance.now();
  await host.run("long");
  const ended = performance.now();
  host.onStep(undefined);
  const at = (step: number) => stepsAt[step] ?? Number.NaN;
  return { first: at(100) - at(0), last: ended - at(SIZES.LONG_STEPS - 100), total: ended - begun };
}

const starts: number[][] = [];
const events: number[][] = [];
const long: Awaited<ReturnType<typeof longInstance>>[] = [];
for (let round = 0; round < SIZES.ROUNDS; round += 1) {
  starts.push(await startLatencies());
  events.push(await eventLatencies(round));
  long.push(await longInstance());
}
await host.stop();

const share = (latencies: number[][], of: number) => latencies.map((each) => quantile(each, of));
const figures = {
  startP50: share(starts, 0.5),
  startP99: share(starts, 0.99),
  eventP50: share(events, 0.5),
  eventP99: share(events, 0.99),
  longFirst: long.map(({ first }) => first),
  longLast: long.map(({ last }) => last),
  longTotal: long.map(({ total }) => total),
};
export type EmbeddedFigures = typeof figures;
console.log(JSON.stringify(figures));
