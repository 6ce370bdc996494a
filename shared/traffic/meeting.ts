import * as z from "zod";
import { PairSums, pairSums } from "./errors-of.ts";

/** A truth may come a week after its prediction; a pair that was counted is remembered for as long as a redelivery takes. */
const WAITS_MS = 8 * 86_400_000;
const REMEMBERED_MS = 86_400_000;

/** Characters that one row of a table holds, with room to spare. */
const MOST_CHARACTERS = 400_000;

/** A prediction that waits for its truth, a truth that waits for its prediction, or both, met. */
export const Waiting = z.object({
  id: z.string(),
  side: z.enum(["prediction", "truth"]),
  deployment: z.string(),
  since: z.int(),
  values: z.array(z.union([z.number(), z.string(), z.boolean()])),
  /** Set when both have met: by which event, when, and how far they were apart. */
  met: z.object({ by: z.string(), at: z.int(), sums: PairSums }).nullable(),
});
export type Waiting = z.infer<typeof Waiting>;

export type Comer = Omit<Waiting, "met" | "since"> & {
  /** Names the event that brought it: partition and sequence number. */
  readonly by: string;
  readonly at: number;
};

export type Met = { by: string; deployment: string; at: number; sums: PairSums };
export type Refused = { by: string; field: string; reason: string };

/**
 * Lets predictions and truths meet, in whichever order they come. A pair counts for the event that completed it, and
 * for that one again when it is redelivered: whoever counts events once counts pairs once.
 */
export function meet(
  waiting: readonly Waiting[],
  comers: readonly Comer[],
  now: number,
): { waiting: Waiting[]; met: Met[]; refused: Refused[] } {
  const byId = new Map(waiting.map((one) => [one.id, one]));
  const met: Met[] = [];
  const refused: Refused[] = [];
  for (const comer of comers) {
    const { by, at, ...own } = comer;
    const other = byId.get(comer.id);
    if (!other) byId.set(comer.id, { ...own, since: now, met: null });
    else if (other.met !== null) {
      if (other.met.by === by) met.push({ ...other.met, deployment: other.deployment });
    } else if (other.side !== comer.side) {
      if (other.values.length !== comer.values.length) {
        refused.push({ by, field: "data", reason: mismatch(comer, other) });
        continue;
      }
      const deployment = comer.side === "prediction" ? comer.deployment : other.deployment;
      const pair = { by, at, sums: pairSums(comer.values, other.values) };
      byId.set(comer.id, { ...other, deployment, values: [], since: now, met: pair });
      met.push({ ...pair, deployment });
    }
  }
  return { waiting: fresh([...byId.values()], now), met, refused };
}

function mismatch(comer: Comer, other: Waiting): string {
  const [rows, others] = [comer.values.length, other.values.length];
  return `data: expected ${others} rows as in the ${other.side} of the same correlationid, found ${rows}`;
}

/** The oldest give way first, by age and then by room. */
function fresh(all: readonly Waiting[], now: number): Waiting[] {
  const kept = all.filter(({ since, met }) => now - since < (met ? REMEMBERED_MS : WAITS_MS));
  let characters = 0;
  const roomy = kept
    .toSorted((a, b) => b.since - a.since)
    .filter((one) => {
      characters += JSON.stringify(one).length + 1;
      return characters < MOST_CHARACTERS;
    });
  return roomy.reverse();
}
