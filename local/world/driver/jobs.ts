import type { Chosen, Signal } from "../monitors/metrics.ts";
import { DATA_ASSET, ENDPOINT, FIRST_TRAINING_DAYS, MINIMUM_DAYS, MODEL, MONITORS } from "./settings.ts";
import type { Serving } from "./workspace.ts";

export const CODE = { name: "weather", version: "1" } as const;
export const ENVIRONMENT = { name: "weather-env", version: "1" } as const;
export const FIRST_JOB = `${MODEL}-first-training`;

const TIMEOUT = "PT10M";

const asset = ({ name, version }: { name: string; version: string }) => `azureml:${name}:${version}`;
const literal = (value: number | string) => ({ jobInputType: "literal", value: String(value) });
const dataOf = (version: string) => ({
  jobInputType: "uri_file",
  uri: asset({ name: DATA_ASSET, version }),
  mode: "ReadOnlyMount",
});

/** As the monitor's script reads it. */
const textOf = (chosen: readonly Chosen[]) =>
  chosen.map(({ metric, threshold }) => (threshold === null ? metric : `${metric}=${threshold}`)).join(",");

function commandJob(experimentName: string, command: string, more: object): object {
  return {
    jobType: "Command",
    experimentName,
    displayName: experimentName,
    command,
    codeId: asset(CODE),
    environmentId: asset(ENVIRONMENT),
    limits: { jobLimitsType: "Command", timeout: TIMEOUT },
    ...more,
  };
}

/** Trains version 1, as a data scientist does before there is anything to retrain. */
export function firstTraining(dataVersion: string): object {
  return commandJob(
    `${MODEL}-training`,
    `node classical/train.ts --data \${{inputs.training_data}} --window-days \${{inputs.window_days}} --model \${{outputs.model}}`,
    {
      inputs: { training_data: dataOf(dataVersion), window_days: literal(FIRST_TRAINING_DAYS) },
      outputs: { model: { jobOutputType: "mlflow_model", mode: "ReadWriteMount" } },
    },
  );
}

/** Follows from date and signal, so that the same week is never monitored twice. */
export function monitorJobName(signal: Signal, date: string): string {
  return `${MODEL}-${signal}-${date}`;
}

/** Holds what the endpoint's busiest deployment answered against what its model learnt and what the weather then was. */
export function monitorJob(signal: Signal, dataVersion: string, serving: Serving): object {
  const { windowDays, numerical, categorical } = MONITORS[signal];
  const collected = `azureml://datastores/workspaceblobstore/paths/modelDataCollector/${ENDPOINT}/${serving.deployment}`;
  return commandJob(
    `${MODEL}-monitor`,
    `node classical/monitor.ts --signal ${signal} --collected \${{inputs.collected}} --data \${{inputs.data}} ` +
      `--model \${{inputs.model}} --numerical "\${{inputs.numerical}}" --categorical "\${{inputs.categorical}}" ` +
      `--window-days \${{inputs.window_days}} --minimum-days \${{inputs.minimum_days}} --output \${{outputs.signal}}`,
    {
      inputs: {
        collected: { jobInputType: "uri_folder", uri: collected, mode: "ReadOnlyMount" },
        data: dataOf(dataVersion),
        model: { jobInputType: "mlflow_model", uri: serving.model, mode: "ReadOnlyMount" },
        window_days: literal(windowDays),
        numerical: literal(textOf(numerical)),
        categorical: literal(textOf(categorical)),
        minimum_days: literal(MINIMUM_DAYS),
      },
      outputs: { signal: { jobOutputType: "uri_folder", mode: "ReadWriteMount" } },
      tags: {
        "azureml.modelName": MODEL,
        "azureml.endpoint_name": ENDPOINT,
        "azureml.deployment_name": serving.deployment,
      },
    },
  );
}
