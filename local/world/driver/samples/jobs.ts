import type { Annotation } from "../../annotation.ts";
import type { Task } from "../../classifier/task.ts";
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
import type { Campaign } from "../relearning.ts";
import type { Serving } from "../workspace.ts";

/** A model that sorts images or texts: its names in Azure ML, and what was decided about it. */
export interface Sorter {
  readonly model: string;
  readonly trainingAsset: string;
  readonly checksAsset: string;
  readonly task: Task;
  readonly settings: Omit<Annotation, "weeks">;
}

export function trainingJob({ model, task, trainingAsset }: Sorter, dataVersion: string): object {
  const command = `node classifier/train.ts --task ${task.name} --data \${{inputs.training_data}} --model \${{outputs.model}}`;
  return commandJob(model, `${model}-training`, command, {
    inputs: { training_data: fileOf(trainingAsset, dataVersion) },
    outputs: { model: modelOutput },
  });
}

export function monitorJob(
  { model, task, checksAsset, settings }: Sorter,
  signal: keyof Annotation["monitors"],
  dataVersion: string,
  serving: Serving,
): object {
  const { windowDays, threshold } = settings.monitors[signal];
  const command =
    `node classifier/monitor.ts --task ${task.name} --signal ${signal} --collected \${{inputs.collected}} ` +
    `--data \${{inputs.data}} --model \${{inputs.model}} --window-days \${{inputs.window_days}} ` +
    `--threshold \${{inputs.threshold}} --minimum-days \${{inputs.minimum_days}} ` +
    `--output \${{outputs.signal}}`;
  return commandJob(model, `${model}-monitor`, command, {
    inputs: {
      collected: collectedOf(model, serving.deployment),
      data: fileOf(checksAsset, dataVersion),
      model: modelOf(serving.model),
      window_days: literal(windowDays),
      threshold: literal(threshold),
      minimum_days: literal(settings.minimumDays),
    },
    outputs: { signal: folderOutput },
    tags: watchedTags(model, model, serving.deployment),
  });
}

export function selectionJob(
  { model, task, checksAsset, settings }: Sorter,
  campaign: Campaign,
  labelling: string,
): object {
  const command =
    `node classifier/select-samples.ts --task ${task.name} --collected \${{inputs.collected}} ` +
    `--data \${{inputs.data}} --model \${{inputs.model}} --days \${{inputs.days}} --most \${{inputs.most}} ` +
    `--samples \${{outputs.samples}} --labelling \${{inputs.labelling}} --project \${{inputs.project}}`;
  return commandJob(model, `${model}-select-samples`, command, {
    inputs: {
      collected: collectedOf(model, campaign.deployment),
      data: fileOf(checksAsset, campaign.date),
      model: modelOf(campaign.model),
      days: literal(settings.sampleDays),
      most: literal(settings.samples),
      labelling: literal(labelling),
      project: literal(`${model}-${campaign.date}`),
    },
    outputs: { samples: folderOutput },
  });
}
