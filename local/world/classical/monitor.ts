/**
 * `node monitor.ts --signal data-drift|performance --collected DIR --data FILE.csv --model DIR --window-days N
 * --threshold X [--metric NAME] [--minimum-days N]`: is the served model still in the world it learnt? Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { BREACH_TAG, breachText, isBreached, type MonitoredMetric } from "./breach.ts";
import { readCollected, type ServedDay } from "./collected.ts";
import { ArgumentError, figure, required, runScript, wholeNumber } from "./command.ts";
import { mae, rmse } from "./errors.ts";
import { readModel, type WeatherModel } from "./model.ts";
import { normalizedWassersteinDistance } from "./wasserstein.ts";
import { examplesOf, type Observation, readObservations } from "./weather.ts";

/** Fewer days tell nothing: a model that has just taken over is given a week. */
const DEFAULT_MINIMUM_DAYS = "7";

interface Window {
  readonly collected: readonly ServedDay[];
  readonly observations: readonly Observation[];
  readonly model: WeatherModel;
  readonly windowDays: number;
  readonly threshold: number;
}

/** Metric and value (and feature) per row, with the number of days they were computed from. */
interface Measured {
  readonly days: number;
  readonly metrics: readonly MonitoredMetric[];
}

const ERROR_METRICS = { RootMeanSquaredError: rmse, MeanAbsoluteError: mae } as const;
const DRIFT_METRIC = "NormalizedWassersteinDistance";

/** Serving inputs of the newest days against the days that the model learnt from. */
function measureDrift({ collected, model, windowDays, threshold }: Window): Measured {
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

/** What was answered at the endpoint against what the weather then was; a day whose tomorrow is not yet known waits. */
function measureErrors(window: Window, metric: keyof typeof ERROR_METRICS): Measured {
  const truths = new Map(examplesOf(window.observations).map(({ date, truth }) => [date, truth]));
  const errors = window.collected.flatMap(({ date, prediction }) => {
    const truth = truths.get(date);
    return truth === undefined || prediction === undefined ? [] : [prediction - truth];
  });
  const newest = errors.slice(-window.windowDays);
  if (newest.length === 0) return { days: 0, metrics: [] };
  return {
    days: newest.length,
    metrics: [{ metric, value: ERROR_METRICS[metric](newest), threshold: window.threshold }],
  };
}

function measure(signal: string, metric: string | undefined, window: Window): Measured {
  if (signal === "data-drift") {
    if (metric === undefined || metric === DRIFT_METRIC) return measureDrift(window);
    throw new ArgumentError(`--metric is '${metric}', expected ${DRIFT_METRIC} for signal data-drift.`);
  }
  if (signal !== "performance") {
    throw new ArgumentError(`--signal is '${signal}', expected data-drift or performance.`);
  }
  if (metric === undefined) return measureErrors(window, "RootMeanSquaredError");
  if (metric === "RootMeanSquaredError" || metric === "MeanAbsoluteError")
    return measureErrors(window, metric);
  const known = Object.keys(ERROR_METRICS).join(" or ");
  throw new ArgumentError(`--metric is '${metric}', expected ${known} for signal performance.`);
}

await runScript(async (tracking) => {
  const option = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      signal: option,
      collected: option,
      data: option,
      model: option,
      "window-days": option,
      threshold: option,
      metric: option,
      "minimum-days": { type: "string", default: DEFAULT_MINIMUM_DAYS },
    },
  });
  const signal = required("signal", values.signal);
  const minimumDays = wholeNumber("minimum-days", values["minimum-days"]);
  const { days, metrics } = measure(signal, values.metric, {
    collected: await readCollected(required("collected", values.collected)),
    observations: await readObservations(required("data", values.data)),
    model: await readModel(required("model", values.model)),
    windowDays: wholeNumber("window-days", values["window-days"]),
    threshold: figure("threshold", values.threshold),
  });

  const named = metrics.map(
    ({ metric, group, value }) => [group ? `${metric}.${group}` : metric, value] as const,
  );
  const figures = Object.fromEntries(named);
  await tracking.logMetrics({
    ...figures,
    threshold: figure("threshold", values.threshold),
    sample_size: days,
  });
  const breaches = days < minimumDays ? [] : metrics.filter(isBreached);
  if (breaches.length > 0) await tracking.setTag(BREACH_TAG, breachText(signal, breaches));
  return { signal, days, ...figures, breached: breaches.map(({ metric, group }) => group ?? metric) };
});
