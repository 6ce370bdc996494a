import * as z from "zod";
import type { LedgerLine } from "../system/feed.ts";

const Figures = z.object({
  verdicts: z.array(
    z.object({
      check: z.string(),
      verdict: z.string(),
      reason: z.string(),
      sampleSize: z.number(),
      figures: z.array(
        z.object({
          name: z.string(),
          unit: z.string(),
          candidate: z.number().nullable(),
          champion: z.number().nullable(),
        }),
      ),
    }),
  ),
});

export interface Comparison {
  readonly candidate: number;
  /** Null when nothing served before. */
  readonly champion: number | null;
  readonly unit: string;
  readonly rows: number;
}

/** The error of candidate and champion on the same recent days, as staging measured it. */
export function comparisonOf(entry: LedgerLine): Comparison {
  const { verdicts } = Figures.parse(entry.evidence);
  const quality = verdicts.find(({ check }) => check === "quality");
  const [error] = quality?.figures ?? [];
  if (!quality || !error || error.candidate === null)
    throw new Error(`Staging recorded no error of the candidate: ${quality?.reason ?? "it was not checked"}`);
  return { candidate: error.candidate, champion: error.champion, unit: error.unit, rows: quality.sampleSize };
}

const DecisionEvidence = z.object({
  decision: z.object({ reaction: z.string(), heldBack: z.unknown() }),
  signal: z.object({
    kind: z.string(),
    evidence: z.object({
      measurements: z.array(
        z.object({
          metric: z.string(),
          group: z.string().optional(),
          value: z.number().nullable(),
          threshold: z.number().nullable(),
        }),
      ),
    }),
  }),
});
export type DecisionEvidence = z.infer<typeof DecisionEvidence>;

/** Null for an entry that is no decision. */
export function decisionOf(entry: LedgerLine): DecisionEvidence | null {
  const parsed = DecisionEvidence.safeParse(entry.evidence);
  return parsed.success ? parsed.data : null;
}
