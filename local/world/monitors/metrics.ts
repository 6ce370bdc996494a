import { ArgumentError } from "../jobs/command.ts";
import { categoricalBuckets, numericalBuckets } from "../measures/buckets.ts";
import { chiSquaredTest } from "../measures/chi-squared.ts";
import { jensenShannonDistance, populationStabilityIndex } from "../measures/divergence.ts";
import { kolmogorovSmirnovTest } from "../measures/kolmogorov-smirnov.ts";
import type { DataType } from "../measures/quality.ts";
import { mae, mse, rmse } from "../measures/regression.ts";
import { normalizedWassersteinDistance } from "../measures/wasserstein.ts";

/**
 * The signals of a model monitor, as Azure ML names them in its YAML but for the underscore.
 *
 * @see reference-yaml-monitor in the documentation of Azure Machine Learning
 */
export const SIGNALS = ["data-drift", "prediction-drift", "data-quality", "performance"] as const;
export type Signal = (typeof SIGNALS)[number];

/** A metric that is computed, and from where on it is a breach; null is nowhere: it is shown alone. */
export interface Chosen {
  readonly metric: string;
  readonly threshold: number | null;
}

type Distance<T> = (reference: readonly T[], current: readonly T[]) => number;

/** Metrics of drift, by the type of feature; the two tests are told by their p-value. */
export const NUMERICAL_DISTANCES: Readonly<Record<string, Distance<number>>> = {
  NormalizedWassersteinDistance: normalizedWassersteinDistance,
  JensenShannonDistance: (...samples) => jensenShannonDistance(numericalBuckets(...samples)),
  PopulationStabilityIndex: (...samples) => populationStabilityIndex(numericalBuckets(...samples)),
  TwoSampleKolmogorovSmirnovTest: (...samples) => kolmogorovSmirnovTest(...samples).pValue,
};
export const CATEGORICAL_DISTANCES: Readonly<Record<string, Distance<string>>> = {
  JensenShannonDistance: (...samples) => jensenShannonDistance(categoricalBuckets(...samples)),
  PopulationStabilityIndex: (...samples) => populationStabilityIndex(categoricalBuckets(...samples)),
  PearsonsChiSquaredTest: (...samples) => chiSquaredTest(categoricalBuckets(...samples)).pValue,
};

/** Errors of a regression, in the unit of what is predicted (squared, for the second). */
export const REGRESSION_ERRORS = {
  RootMeanSquaredError: rmse,
  MeanSquaredError: mse,
  MeanAbsoluteError: mae,
} as const;

export const QUALITY_RATES = ["NullValueRate", "DataTypeErrorRate", "OutOfBoundsRate"] as const;
const QUALITY = Object.fromEntries(QUALITY_RATES.map((rate) => [rate, 0]));

/** What Azure's SDK computes when nothing is chosen, and its thresholds. */
const DEFAULTS: Readonly<Record<Signal, Readonly<Record<DataType, string>>>> = {
  "data-drift": { numerical: "NormalizedWassersteinDistance", categorical: "JensenShannonDistance" },
  "prediction-drift": { numerical: "NormalizedWassersteinDistance", categorical: "JensenShannonDistance" },
  "data-quality": { numerical: QUALITY_RATES.join(","), categorical: QUALITY_RATES.join(",") },
  performance: { numerical: "RootMeanSquaredError", categorical: "" },
};

/** The thresholds of Azure's SDK; a metric that has none there never breaches until one is given. */
const THRESHOLDS: Readonly<Record<DataType, Readonly<Record<string, number>>>> = {
  numerical: { NormalizedWassersteinDistance: 0.1, ...QUALITY },
  categorical: { JensenShannonDistance: 0.1, ...QUALITY },
};

function namesOf(signal: Signal, type: DataType): readonly string[] {
  if (signal === "data-quality") return QUALITY_RATES;
  if (signal === "performance") return type === "numerical" ? Object.keys(REGRESSION_ERRORS) : [];
  return Object.keys(type === "numerical" ? NUMERICAL_DISTANCES : CATEGORICAL_DISTANCES);
}

/**
 * Reads `Metric=threshold,Metric`: a metric without threshold has Azure's, and is only shown where Azure has none.
 *
 * @param text - undefined or empty for what Azure computes by default
 * @throws {ArgumentError} naming what is no metric of that signal and type, or no number
 */
export function readChosen(signal: Signal, type: DataType, text: string | undefined): Chosen[] {
  const names = namesOf(signal, type);
  const items = (text || DEFAULTS[signal][type]).split(",").filter((item) => item !== "");
  return items.map((item) => {
    const [metric = "", value] = item.split("=");
    if (!names.includes(metric)) {
      throw new ArgumentError(
        `--${type} names '${metric}', expected for signal ${signal}: ${names.join(", ") || "nothing"}.`,
      );
    }
    if (value === undefined) return { metric, threshold: THRESHOLDS[type][metric] ?? null };
    if (value.trim() === "" || !Number.isFinite(Number(value)))
      throw new ArgumentError(`--${type} gives ${metric} the threshold '${value}', expected a number.`);
    return { metric, threshold: Number(value) };
  });
}
