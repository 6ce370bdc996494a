/**
 * `node train.ts --task vision|language --data FILE.jsonl [--data MORE.jsonl] --model DIR`: trains on all samples of all
 * files, such as the old ones and those that people have labelled since. Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { ArgumentError, required, runScript } from "../jobs/command.ts";
import { accuracy, macroScores } from "../measures/classification.ts";
import { trainClassifier, writeClassifier } from "./model.ts";
import { readSamples } from "./sample.ts";
import { taskNamed } from "./tasks.ts";

await runScript(async (tracking) => {
  const { values } = parseArgs({
    options: {
      task: { type: "string" },
      data: { type: "string", multiple: true },
      model: { type: "string" },
    },
  });
  const task = taskNamed(values.task);
  const folder = required("model", values.model);
  const files = (values.data ?? []).filter((file) => file !== "");
  if (files.length === 0) throw new ArgumentError("--data is missing, expected a file of labelled samples.");
  const samples = await readSamples(files, task);
  const model = trainClassifier(task, samples);
  await writeClassifier(folder, model, task);

  const { answers } = model.reference;
  const predictions = answers.map(({ label }) => label);
  const truths = answers.map(({ truth }) => truth);
  const metrics = {
    accuracy: accuracy(predictions, truths),
    macro_f1: macroScores(predictions, truths).f1,
    rows: samples.length,
    held_out: answers.length,
  };
  await tracking.logMetrics(metrics);
  return { ...metrics, from: samples[0]?.date, to: samples.at(-1)?.date };
});
