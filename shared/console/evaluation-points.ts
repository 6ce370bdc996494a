import * as z from "zod";
import { Verdict } from "../checks/verdict.ts";
import type { LedgerEntry } from "../ledger/entry.ts";

/** The error of one version at one evaluation. */
export interface EvaluationPoint {
  /** ISO 8601 UTC. */
  readonly at: string;
  /** The candidate that was evaluated then, also where the value is the champion's. */
  readonly version: string;
  readonly role: "candidate" | "champion";
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** What a candidate may not exceed. */
  readonly limit: number | null;
}

const Evaluated = z.object({ verdicts: z.array(Verdict) });

/** The check whose first figure is the model's error. */
const QUALITY = "quality";

/** Reads the points out of the ledger's entries of one model, in their order. An entry that holds none adds none. */
export function evaluationPoints(entries: readonly LedgerEntry[]): EvaluationPoint[] {
  return entries.flatMap(({ kind, evidence, recordedAt, version = "" }) => {
    const evaluated = kind === "step" ? Evaluated.safeParse(evidence) : null;
    const figure = evaluated?.data?.verdicts.find(({ check }) => check === QUALITY)?.figures[0];
    if (!figure) return [];
    const { name: metric, unit, limit } = figure;
    return (["candidate", "champion"] as const).flatMap((role) => {
      const value = figure[role];
      return value === null ? [] : [{ at: recordedAt, version, role, metric, value, unit, limit }];
    });
  });
}
