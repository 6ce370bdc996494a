/** What a bench prints: figures beside their targets, and whether they are met. */
export interface Figure {
  readonly name: string;
  /** What each round measured. */
  readonly values: readonly number[];
  readonly unit: string;
  /** Whether the best round is the one with the most or with the least. */
  readonly better: "more" | "less";
  /** At least so much where more is better, below so much where less is. */
  readonly target?: number;
}

/** @param share - 0.5 for the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** One line: the best round, the median round, the target, and whether each of the two meets it. */
export function line({ name, values, unit, better, target }: Figure): string {
  const best = better === "more" ? Math.max(...values) : Math.min(...values);
  const median = quantile(values, 0.5);
  const numbers =
    values.length > 1 ? `best ${digits(best)}, median ${digits(median)} ${unit}` : `${digits(best)} ${unit}`;
  if (target === undefined) return `${name}: ${numbers}`;
  const isMet = (value: number) => (better === "more" ? value >= target : value < target);
  const wanted = `${better === "more" ? "at least" : "below"} ${target} ${unit}`;
  const verdict = isMet(median) ? "met" : isMet(best) ? "met by the best round only" : "MISSED";
  return `${name}: ${numbers} | target ${wanted}: ${verdict}`;
}

function digits(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
