import * as z from "zod";
import { ModelPolicy } from "../../shared/policy/schema.ts";

export const RolloutInput = z.object({
  operation: z.string(),
  model: z.string(),
  version: z.string(),
  policy: ModelPolicy.shape.rollout,
});
export type RolloutInput = z.infer<typeof RolloutInput>;

export const Split = z.record(z.string(), z.int());

export const RolloutOutcome = z.object({
  outcome: z.enum(["promoted", "rolled-back"]),
  /** Why traffic went back; null when it did not. */
  because: z.string().nullable(),
  deployment: z.string(),
  /** The split before the first step. */
  before: Split,
});
export type RolloutOutcome = z.infer<typeof RolloutOutcome>;

/** Name of the event by which an operator, or an endpoint in trouble, calls a rollout back. */
export const ROLLBACK_EVENT = "rollback";

/** What the event says; an event that does not say it calls back all the same. */
export const Rollback = z.object({ because: z.string() }).catch({ because: "it was called back" });
