import type { MonitoredMetric } from "../jobs/breach.ts";
import { mae, rmse } from "../measures/regression.ts";
import { normalizedWassersteinDistance } from "../measures/wasserstein.ts";
import type { ServedDay } from "./collected.ts";
import type { WeatherModel } from "./model.ts";
import { examplesOf, type Observation } from "./weather.ts";

/** What a monitor signal found, and from how many days. */
export interface Measured {
  readonly days: number;
  /** Empty when there was no day to measure. */
  readonly metrics: readonly MonitoredMetric[];
}

export interface MonitorWindow {
  readonly windowDays: number;
  readonly threshold: number;
}

export const DRIFT_METRIC = "NormalizedWassersteinDistance";

/** In °C, named as Azure ML's model monitors name them. */
export const ERROR_METRICS = { RootMeanSquaredError: rmse, MeanAbsoluteError: mae } as const;
export type ErrorMetric = keyof typeof ERROR_METRICS;

/** Serving inputs of the newest days against the days that the model learnt from, feature by feature. */
export function measureDrift(
  collected: readonly ServedDay[],
  model: Pick<WeatherModel, "columns" | "examples">,
  { windowDays, threshold }: MonitorWindow,
): Measured {
  const served = collected.slice(-windowDays);
  if (served.length === 0) return { days: 0, metrics: [] };
  const metrics = model.columns.map((group, column) => {
    const values = (rows: readonly { features: readonly number[] }[]) =>
      rows.map(({ features }) => features[column] ?? Number.NaN);
    const value = normalizedWassersteinDistance(values(model.examples), values(served));
    return { metric: DRIFT_METRIC, value, threshold, group };
  });
  return { days: served.length, metrics };
}

/** What the endpoint answered against what the weather then was; a day whose tomorrow is not yet known waits. */
export function measureErrors(
  collected: readonly ServedDay[],
  observations: readonly Observation[],
  metric: ErrorMetric,
  { windowDays, threshold }: MonitorWindow,
): Measured {
  const truths = new Map(examplesOf(observations).map(({ date, truth }) => [date, truth]));
  const errors = collected.flatMap(({ date, prediction }) => {
    const truth = truths.get(date);
    return truth === undefined || prediction === undefined ? [] : [prediction - truth];
  });
  const newest = errors.slice(-windowDays);
  if (newest.length === 0) return { days: 0, metrics: [] };
  return { days: newest.length, metrics: [{ metric, value: ERROR_METRICS[metric](newest), threshold }] };
}
