/**
 * `node monitor.ts --signal data-drift|performance --collected DIR --data FILE.csv --model DIR --window-days N
 * --threshold X [--metric NAME] [--minimum-days N]`: is the served model still in the world it learnt? Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { BREACH_TAG, breachText, isBreached } from "../jobs/breach.ts";
import { ArgumentError, figure, required, runScript, wholeNumber } from "../jobs/command.ts";
import { readCollected } from "./collected.ts";
import { DRIFT_METRIC, ERROR_METRICS, type ErrorMetric, measureDrift, measureErrors } from "./measures.ts";
import { readModel } from "./model.ts";
import { readObservations } from "./weather.ts";

/** Fewer days tell too little to judge a model that has just taken over. */
const DEFAULT_MINIMUM_DAYS = "14";

const SIGNALS = ["data-drift", "performance"] as const;

function signalNamed(text: string | undefined): (typeof SIGNALS)[number] {
  const signal = SIGNALS.find((name) => name === required("signal", text));
  if (signal) return signal;
  throw new ArgumentError(`--signal is '${text}', expected ${SIGNALS.join(" or ")}.`);
}

function isErrorMetric(name: string): name is ErrorMetric {
  return name in ERROR_METRICS;
}

await runScript(async (tracking) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      signal: text,
      collected: text,
      data: text,
      model: text,
      "window-days": text,
      threshold: text,
      metric: text,
      "minimum-days": { type: "string", default: DEFAULT_MINIMUM_DAYS },
    },
  });
  const signal = signalNamed(values.signal);
  const minimumDays = wholeNumber("minimum-days", values["minimum-days"]);
  const threshold = figure("threshold", values.threshold);
  const window = { windowDays: wholeNumber("window-days", values["window-days"]), threshold };
  const observations = await readObservations(required("data", values.data));
  const lastDate = observations.at(-1)?.date ?? "";
  // A job may wait in a queue while days go on: the data says which evening it is.
  const collected = (await readCollected(required("collected", values.collected))).filter(
    ({ date }) => date <= lastDate,
  );

  async function measure() {
    if (signal === "performance") {
      const metric = values.metric ?? "RootMeanSquaredError";
      if (!isErrorMetric(metric)) throw unknownMetric(metric, Object.keys(ERROR_METRICS).join(" or "));
      return measureErrors(collected, observations, metric, window);
    }
    const metric = values.metric ?? DRIFT_METRIC;
    if (metric !== DRIFT_METRIC) throw unknownMetric(metric, DRIFT_METRIC);
    return measureDrift(collected, await readModel(required("model", values.model)), window);
  }
  const unknownMetric = (metric: string, expected: string) =>
    new ArgumentError(`--metric is '${metric}', expected ${expected} for signal ${signal}.`);

  const { days, metrics } = await measure();
  const figures = Object.fromEntries(
    metrics.map(({ metric, group, value }) => [group ? `${metric}.${group}` : metric, value]),
  );
  await tracking.logMetrics({ ...figures, threshold, sample_size: days });
  const breaches = days < minimumDays ? [] : metrics.filter(isBreached);
  if (breaches.length > 0) await tracking.setTag(BREACH_TAG, breachText(signal, breaches));
  return { signal, days, ...figures, breached: breaches.map(({ metric, group }) => group ?? metric) };
});
