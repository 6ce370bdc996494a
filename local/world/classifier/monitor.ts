/**
 * `node monitor.ts --task vision|language --signal NAME --collected DIR --data FILE.jsonl --model DIR --window-days N
 * --threshold X [--minimum-days N] [--output DIR]`: is the served model still in the world it learnt? Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { BREACH_TAG, breachText, isBreached } from "../jobs/breach.ts";
import { ArgumentError, figure, required, runScript, wholeNumber } from "../jobs/command.ts";
import { writeSignal } from "../monitors/output.ts";
import { readCollected } from "./collected.ts";
import { readClassifier } from "./model.ts";
import { readSamples } from "./sample.ts";
import { MONITOR_SIGNALS, type MonitorSignal, measureSignal } from "./signals.ts";
import { taskNamed } from "./tasks.ts";

/** Fewer days tell too little to judge a model that has just taken over. */
const DEFAULT_MINIMUM_DAYS = "5";

function signalNamed(text: string | undefined): MonitorSignal {
  const signal = MONITOR_SIGNALS.find((name) => name === required("signal", text));
  if (signal) return signal;
  throw new ArgumentError(`--signal is '${text}', expected one of ${MONITOR_SIGNALS.join(", ")}.`);
}

await runScript(async (tracking) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      task: text,
      signal: text,
      collected: text,
      data: text,
      model: text,
      "window-days": text,
      threshold: text,
      output: text,
      "minimum-days": { type: "string", default: DEFAULT_MINIMUM_DAYS },
    },
  });
  const task = taskNamed(values.task);
  const signal = signalNamed(values.signal);
  const minimumDays = wholeNumber("minimum-days", values["minimum-days"]);
  const threshold = figure("threshold", values.threshold);
  const windowDays = wholeNumber("window-days", values["window-days"]);
  const checks = await readSamples([required("data", values.data)], task);
  const lastDate = checks.at(-1)?.date ?? "";
  // A job may wait in a queue while days go on: the data says up to which day it is.
  const collected = await readCollected(required("collected", values.collected), task);
  const served = collected.filter(({ date }) => date <= lastDate);
  const model = await readClassifier(required("model", values.model));

  const measured = measureSignal(signal, { task, model, served, checks }, { windowDays, threshold });
  const figures = Object.fromEntries(
    measured.metrics.map(({ metric, group, value }) => [group ? `${metric}.${group}` : metric, value]),
  );
  await tracking.logMetrics({ ...figures, threshold, sample_size: measured.samples });
  if (values.output) {
    await writeSignal(values.output, { name: signal, kind: signal }, measured.metrics, measured.features);
  }
  const breaches = measured.days < minimumDays ? [] : measured.metrics.filter(isBreached);
  if (breaches.length > 0) await tracking.setTag(BREACH_TAG, breachText(signal, breaches));
  const breached = breaches.map(({ metric, group }) => group ?? metric);
  return { signal, days: measured.days, samples: measured.samples, ...figures, breached };
});
