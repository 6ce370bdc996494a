import * as z from "zod";
import type { Documents } from "../azure/tables.ts";

/** The outcome of something that changed the world, kept so that it is not done again. */
export const Effect = z.object({
  operation: z.string(),
  step: z.string(),
  at: z.iso.datetime(),
  outcome: z.json(),
});
export type Effect = z.infer<typeof Effect>;

/** Names one effect: the operation that caused it, and which of its steps. */
export const EffectName = z.object({ operation: z.string(), step: z.string() });
export type EffectName = z.infer<typeof EffectName>;

/**
 * Why a replay never deploys twice: whatever changes the world runs in here, under a name, and a second run with the
 * same name is answered with the stored outcome. What dies between doing and storing is done again, so `act` must
 * also carry the name (or what follows from it) to the service as its idempotency key.
 */
export class Effects {
  readonly #rows: Documents<Effect>;
  readonly #now: () => Date;

  constructor(rows: Documents<Effect>, now: () => Date) {
    this.#rows = rows;
    this.#now = now;
  }

  async once<T extends z.core.util.JSONType>(name: EffectName, act: () => Promise<T>): Promise<T> {
    const key = { partition: name.operation, row: name.step };
    const stored = await this.#rows.get(key);
    if (stored) return stored.value.outcome as T;
    const outcome = await act();
    await this.#rows.insert(key, { ...name, at: this.#now().toISOString(), outcome });
    return outcome;
  }
}
