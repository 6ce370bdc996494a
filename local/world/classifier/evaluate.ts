/**
 * `node evaluate.ts --task vision|language --data FILE.jsonl --candidate DIR [--champion DIR] --days N`: right answers on the
 * checked samples of the newest N days. An empty `--champion ""` is none. Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { mean } from "simple-statistics";
import { required, runScript, wholeNumber } from "../jobs/command.ts";
import { accuracy, macroScores } from "../measures/classification.ts";
import { differenceInterval } from "../measures/difference.ts";
import { judges, labelsBy, truthsOf } from "./judged.ts";
import { taskNamed } from "./tasks.ts";

const rightOrWrong = (labels: readonly string[], truths: readonly string[]): number[] =>
  labels.map((label, index) => (label === truths[index] ? 1 : 0));

await runScript(async (tracking) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { task: text, data: text, candidate: text, champion: text, days: text },
  });
  const task = taskNamed(values.task);
  const candidateFolder = required("candidate", values.candidate);
  const folders = [candidateFolder, ...(values.champion ? [values.champion] : [])];
  const days = wholeNumber("days", values.days);
  const samples = await judges(required("data", values.data), task, { days, folders });
  const truths = truthsOf(samples);

  const candidate = await labelsBy(candidateFolder, task, samples);
  const metrics: Record<string, number> = {
    candidate_accuracy: accuracy(candidate, truths),
    candidate_macro_f1: macroScores(candidate, truths).f1,
    sample_size: samples.length,
  };
  if (values.champion) {
    const champion = await labelsBy(values.champion, task, samples);
    const { low, high } = differenceInterval(
      rightOrWrong(candidate, truths),
      rightOrWrong(champion, truths),
      (rows) => mean([...rows]),
    );
    Object.assign(metrics, {
      champion_accuracy: accuracy(champion, truths),
      champion_macro_f1: macroScores(champion, truths).f1,
      difference_low: low,
      difference_high: high,
    });
  }
  await tracking.logMetrics(metrics);
  return metrics;
});
