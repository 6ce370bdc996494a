import * as z from "zod";
import { ModelPolicy } from "../shared/policy/schema.ts";

/** Why an operation runs: the signal behind it, in a sentence. */
export const Cause = z.object({ signal: z.string(), kind: z.string(), summary: z.string() });
export type Cause = z.infer<typeof Cause>;

/** What every operation about a model carries. The policy travels along, so that a replay steers by the same one. */
export const OperationInput = z.object({
  model: z.string(),
  cause: Cause,
  policy: ModelPolicy,
  policyDigest: z.string(),
  /** The operation that started this one; null for a reaction to a signal. */
  parent: z.string().nullable().default(null),
});
export type OperationInput = z.infer<typeof OperationInput>;

/** How an operation ended, in a word and a sentence. */
export const OperationOutcome = z.object({ outcome: z.string(), sentence: z.string() });
export type OperationOutcome = z.infer<typeof OperationOutcome>;

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
