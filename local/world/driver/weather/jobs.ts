import type { Chosen, Signal } from "../../monitors/metrics.ts";
import {
  collectedOf,
  commandJob,
  fileOf,
  folderOutput,
  literal,
  modelOf,
  modelOutput,
  watchedTags,
} from "../command-job.ts";
import type { Serving } from "../workspace.ts";
import {
  CODE,
  DATA_ASSET,
  ENDPOINT,
  FIRST_TRAINING_DAYS,
  MINIMUM_DAYS,
  MODEL,
  MONITORS,
  START_DATE,
} from "./settings.ts";

/** As the monitor's script reads it. */
const textOf = (chosen: readonly Chosen[]) =>
  chosen.map(({ metric, threshold }) => (threshold === null ? metric : `${metric}=${threshold}`)).join(",");

/** Trains version 1, as a data scientist does before there is anything to retrain. */
export function firstTraining(): object {
  return commandJob(
    CODE,
    `${MODEL}-training`,
    `node classical/train.ts --data \${{inputs.training_data}} --window-days \${{inputs.window_days}} --model \${{outputs.model}}`,
    {
      inputs: { training_data: fileOf(DATA_ASSET, START_DATE), window_days: literal(FIRST_TRAINING_DAYS) },
      outputs: { model: modelOutput },
    },
  );
}

/** Holds what the endpoint's busiest deployment answered against what its model learnt and what the weather then was. */
export function monitorJob(signal: Signal, dataVersion: string, serving: Serving): object {
  const { windowDays, numerical, categorical } = MONITORS[signal];
  return commandJob(
    CODE,
    `${MODEL}-monitor`,
    `node classical/monitor.ts --signal ${signal} --collected \${{inputs.collected}} --data \${{inputs.data}} ` +
      `--model \${{inputs.model}} --numerical "\${{inputs.numerical}}" --categorical "\${{inputs.categorical}}" ` +
      `--window-days \${{inputs.window_days}} --minimum-days \${{inputs.minimum_days}} --output \${{outputs.signal}}`,
    {
      inputs: {
        collected: collectedOf(ENDPOINT, serving.deployment),
        data: fileOf(DATA_ASSET, dataVersion),
        model: modelOf(serving.model),
        window_days: literal(windowDays),
        numerical: literal(textOf(numerical)),
        categorical: literal(textOf(categorical)),
        minimum_days: literal(MINIMUM_DAYS),
      },
      outputs: { signal: folderOutput },
      tags: watchedTags(MODEL, ENDPOINT, serving.deployment),
    },
  );
}
