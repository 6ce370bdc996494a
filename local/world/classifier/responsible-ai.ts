/**
 * `node responsible-ai.ts --task vision|language --data FILE.jsonl --candidate DIR --days N`: whom does the model serve worse?
 * Error by cohort, a cohort being all checked samples of one true label. Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { required, runScript, wholeNumber } from "../jobs/command.ts";
import { errorRateGaps } from "./cohorts.ts";
import { judges, labelsBy, truthsOf } from "./judged.ts";
import { SampleDataError } from "./sample.ts";
import { taskNamed } from "./tasks.ts";

await runScript(async (tracking) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { task: text, data: text, candidate: text, days: text } });
  const task = taskNamed(values.task);
  const folder = required("candidate", values.candidate);
  const file = required("data", values.data);
  const samples = await judges(file, task, { days: wholeNumber("days", values.days), folders: [folder] });
  const cohorts = errorRateGaps(await labelsBy(folder, task, samples), truthsOf(samples));
  const worst = cohorts.toSorted((a, b) => b.gap - a.gap)[0];
  if (!worst)
    throw new SampleDataError(`${file} holds no label with enough samples, expected ten or more of one.`);
  const metrics = {
    ...Object.fromEntries(cohorts.map(({ label, errorRate }) => [`error_rate.${label}`, errorRate])),
    largest_gap: worst.gap,
    cohorts: cohorts.length,
    sample_size: samples.length,
  };
  await tracking.logMetrics(metrics);
  return { ...metrics, worst: worst.label };
});
