/** How much each bench does; the environment may ask for other numbers. */
const sized = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

export const SIZES = {
  /** Of 5 steps each, all started at once. */
  INSTANCES: sized("INSTANCES", 500),
  STEPS: 5,
  /** Batches of the same size before the first that counts: the code is compiled by then. */
  WARM_UP_BATCHES: sized("WARM_UP_BATCHES", 8),
  ROUNDS: sized("ROUNDS", 3),
  /** Instances one after another, for the two latencies. */
  LATENCIES: sized("LATENCIES", 500),
  LONG_STEPS: 1000,
} as const;

/** Instances a second over one batch. @param runOne - resolves when its instance has ended */
export async function throughput(runOne: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await Promise.all(Array.from({ length: SIZES.INSTANCES }, runOne));
  return SIZES.INSTANCES / ((performance.now() - begun) / 1000);
}

/** The rounds that count, after the warm-up. */
export async function rounds(
  runOne: () => Promise<unknown>,
  warmUpBatches: number = SIZES.WARM_UP_BATCHES,
): Promise<number[]> {
  for (let i = 0; i < warmUpBatches; i += 1) await throughput(runOne);
  const values: number[] = [];
  for (let i = 0; i < SIZES.ROUNDS; i += 1) values.push(await throughput(runOne));
  return values;
}
