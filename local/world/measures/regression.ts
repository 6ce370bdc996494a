import { mean, rootMeanSquare } from "simple-statistics";
import { requireNumbers, requirePairs } from "./input.ts";

/** Predicted minus true, in the unit of what is predicted, one per row. */
export type Errors = readonly number[];

/** @throws {MeasureInputError} unless there is a truth for each prediction, at least one, and all are finite */
export function errorsOf(predictions: readonly number[], truths: readonly number[]): Errors {
  requirePairs(predictions, truths, "predictions and truths");
  requireNumbers("predictions", predictions);
  requireNumbers("truths", truths);
  return predictions.map((prediction, index) => prediction - (truths[index] ?? Number.NaN));
}

/** Azure's `RootMeanSquaredError`: in the unit of the errors, at least 0. @throws {MeasureInputError} without errors */
export function rmse(errors: Errors): number {
  requireNumbers("errors", errors);
  return rootMeanSquare([...errors]);
}

/** Azure's `MeanAbsoluteError`: in the unit of the errors, at least 0. @throws {MeasureInputError} without errors */
export function mae(errors: Errors): number {
  requireNumbers("errors", errors);
  return mean(errors.map(Math.abs));
}

/** Azure's `MeanSquaredError`: in the unit of the errors squared, at least 0. @throws {MeasureInputError} without errors */
export function mse(errors: Errors): number {
  return rmse(errors) ** 2;
}
