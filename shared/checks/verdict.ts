import * as z from "zod";

/** One figure of a check, beside what it was compared with. */
export const Figure = z.object({
  name: z.string(),
  /** `°C`, `ms`, `%`, `requests` … */
  unit: z.string(),
  candidate: z.number().nullable(),
  champion: z.number().nullable(),
  /** What the candidate may not exceed. */
  limit: z.number().nullable(),
  /** 95 % interval of candidate minus champion, where it was computed. */
  interval: z.object({ low: z.number(), high: z.number() }).nullable(),
  /** How much worse than the champion is acceptable; null when the champion plays no part. */
  tolerance: z.number().nullable(),
});
export type Figure = z.infer<typeof Figure>;

/** `inconclusive`: too little evidence, or an interval that crosses the tolerance. It does not pass. */
export const VerdictWord = z.enum(["passed", "failed", "inconclusive"]);
export type VerdictWord = z.infer<typeof VerdictWord>;

/** What one check of a candidate found. */
export const Verdict = z.object({
  check: z.string(),
  verdict: VerdictWord,
  reason: z.string(),
  figures: z.array(Figure),
  /** Number of rows or requests that the figures rest on. */
  sampleSize: z.number(),
});
export type Verdict = z.infer<typeof Verdict>;

/** All checks of a candidate: it passes when each of them does. */
export const Evaluation = z.object({
  passed: z.boolean(),
  verdicts: z.array(Verdict),
  /** Version of the data asset that was used, `{name}:{version}`. */
  data: z.string(),
});
export type Evaluation = z.infer<typeof Evaluation>;
