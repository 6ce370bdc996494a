/** How a model does on the samples of one true label. */
export interface Cohort {
  readonly label: string;
  readonly samples: number;
  /** Share of wrong answers, from 0 to 1. */
  readonly errorRate: number;
  /** Error rate of this cohort minus that of all samples: above 0 it is worse off than the others. */
  readonly gap: number;
}

/** Fewer samples of a label tell nothing about it. */
const LEAST_SAMPLES = 10;

/** Error by cohort, a cohort being all samples of one true label; labels with fewer than ten samples are left out. */
export function errorRateGaps(predictions: readonly string[], truths: readonly string[]): Cohort[] {
  if (truths.length === 0) return [];
  const isWrong = truths.map((truth, index) => predictions[index] !== truth);
  const all = isWrong.filter(Boolean).length / truths.length;
  return [...new Set(truths)].sort().flatMap((label) => {
    const wrong = isWrong.filter((_, index) => truths[index] === label);
    if (wrong.length < LEAST_SAMPLES) return [];
    const errorRate = wrong.filter(Boolean).length / wrong.length;
    return [{ label, samples: wrong.length, errorRate, gap: errorRate - all }];
  });
}
