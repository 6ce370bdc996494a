import { mean } from "simple-statistics";
import { requirePairs } from "./input.ts";

/** Shares from 0 to 1, 1 the best. */
export interface ClassScores {
  /** Of the rows that were called so, the share that are so; 0 when none was called so. */
  readonly precision: number;
  /** Of the rows that are so, the share that were called so; 0 when none is so. */
  readonly recall: number;
  /** Harmonic mean of both; 0 when both are. */
  readonly f1: number;
}

/** Azure's `Accuracy`: share of right predictions. @throws {MeasureInputError} unless there is a truth for each */
export function accuracy(predictions: readonly string[], truths: readonly string[]): number {
  requirePairs(predictions, truths, "predictions and truths");
  return mean(predictions.map((prediction, index) => (prediction === truths[index] ? 1 : 0)));
}

/** Scores of one class against all others. @throws {MeasureInputError} unless there is a truth for each prediction */
export function classScores(
  predictions: readonly string[],
  truths: readonly string[],
  label: string,
): ClassScores {
  requirePairs(predictions, truths, "predictions and truths");
  const called = predictions.filter((prediction) => prediction === label).length;
  const real = truths.filter((truth) => truth === label).length;
  const right = predictions.filter(
    (prediction, index) => prediction === label && truths[index] === label,
  ).length;
  const ratio = (whole: number) => (whole === 0 ? 0 : right / whole);
  // 2 precision recall / (precision + recall), without its division by zero.
  return { precision: ratio(called), recall: ratio(real), f1: ratio((called + real) / 2) };
}

/**
 * Mean of each score over all classes that were predicted or true, each class counting the same (macro average).
 *
 * @throws {MeasureInputError} unless there is a truth for each prediction
 */
export function macroScores(predictions: readonly string[], truths: readonly string[]): ClassScores {
  requirePairs(predictions, truths, "predictions and truths");
  const scores = [...new Set([...predictions, ...truths])].map((label) =>
    classScores(predictions, truths, label),
  );
  return {
    precision: mean(scores.map(({ precision }) => precision)),
    recall: mean(scores.map(({ recall }) => recall)),
    f1: mean(scores.map(({ f1 }) => f1)),
  };
}
