import * as z from "zod";
import { ModelPolicy } from "../../shared/policy/schema.ts";

export const EvaluationInput = z.object({
  /** The operation on whose behalf the checks run. */
  operation: z.string(),
  model: z.string(),
  version: z.string(),
  /** Version that serves now; null when none does. */
  champion: z.string().nullable(),
  policy: ModelPolicy,
});
export type EvaluationInput = z.infer<typeof EvaluationInput>;

/** One check's share of the evaluation. */
export const CheckInput = EvaluationInput.extend({
  /** Reference of the data to evaluate on, `azureml:{name}:{version}`. */
  data: z.string(),
});
export type CheckInput = z.infer<typeof CheckInput>;
