/**
 * `node classical/monitor.ts --signal data-drift|prediction-drift|data-quality|performance --collected DIR --data FILE.csv
 * --model DIR --window-days N [--numerical METRIC=THRESHOLD,…] [--categorical METRIC=THRESHOLD,…] [--minimum-days N]
 * [--output DIR]`: is the served model still in the world it learnt? Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { ArgumentError, required, runScript, wholeNumber } from "../jobs/command.ts";
import { readChosen, SIGNALS, type Signal } from "../monitors/metrics.ts";
import { reportSignal } from "../monitors/report.ts";
import { readModel } from "./artefact.ts";
import { readCollected } from "./collected.ts";
import { measureSignal } from "./signals.ts";
import { readObservations } from "./weather.ts";

/** Fewer days tell too little to judge a model that has just taken over. */
const DEFAULT_MINIMUM_DAYS = "14";

function signalNamed(text: string | undefined): Signal {
  const signal = SIGNALS.find((name) => name === required("signal", text));
  if (signal) return signal;
  throw new ArgumentError(`--signal is '${text}', expected ${SIGNALS.join(" or ")}.`);
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
      numerical: text,
      categorical: text,
      output: text,
      "minimum-days": { type: "string", default: DEFAULT_MINIMUM_DAYS },
    },
  });
  const signal = signalNamed(values.signal);
  const chosen = {
    numerical: readChosen(signal, "numerical", values.numerical),
    categorical: readChosen(signal, "categorical", values.categorical),
  };
  const minimumRows = wholeNumber("minimum-days", values["minimum-days"]);
  const windowDays = wholeNumber("window-days", values["window-days"]);
  const observations = await readObservations(required("data", values.data));
  const lastDate = observations.at(-1)?.date ?? "";
  const collected = await readCollected(required("collected", values.collected));
  // A job may wait in a queue while days go on: the data says which evening it is.
  const served = collected.filter(({ date }) => date <= lastDate);
  const model = await readModel(required("model", values.model));
  const measured = measureSignal(signal, { served, observations, model, windowDays }, chosen);
  const { output } = values;
  return reportSignal(signal, measured, { minimumRows, tracking, ...(output ? { output } : {}) });
});
