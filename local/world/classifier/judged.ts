import { daysBetween } from "../calendar.ts";
import { ArgumentError } from "../jobs/command.ts";
import { loadClassify, readClassifier } from "./model.ts";
import { type LabelledSample, readSamples, SampleDataError } from "./sample.ts";
import type { Task } from "./task.ts";

/** What models are judged on: the checked samples of the newest days that none of the models was made from. */
export async function judges(
  file: string,
  task: Task,
  { days, folders }: { readonly days: number; readonly folders: readonly string[] },
): Promise<LabelledSample[]> {
  const samples = await readSamples([file], task);
  const last = samples.at(-1)?.date ?? "";
  const learnt = new Set<string>();
  for (const folder of folders) {
    const model = await readClassifier(folder);
    if (model.task !== task.name)
      throw new ArgumentError(`The model in ${folder} is one of ${model.task}, expected ${task.name}.`);
    for (const id of model.sampleIds) learnt.add(id);
  }
  const left = samples.filter(({ id, date }) => daysBetween(date, last) < days && !learnt.has(id));
  if (left.length > 0) return left;
  throw new SampleDataError(
    `${file} holds no sample of its newest ${days} days that the models have not learnt, expected one or more.`,
  );
}

/** What a model answers, in the order of the samples. */
export async function labelsBy(
  folder: string,
  task: Task,
  samples: readonly LabelledSample[],
): Promise<string[]> {
  const classify = await loadClassify(folder, task);
  return (await classify(samples.map(({ content }) => content))).map(({ label }) => label);
}

export const truthsOf = (samples: readonly LabelledSample[]): string[] => samples.map(({ label }) => label);
