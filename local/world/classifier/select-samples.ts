/**
 * `node select-samples.ts --task vision|language --collected DIR --data FILE.jsonl --days N --most N --samples DIR
 * [--model DIR] [--labelling URL --project NAME]`: picks the poorly predicted samples and, where there is a labelling queue,
 * opens a project with them. Contract: ../README.md.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ArgumentError, required, runScript, wholeNumber } from "../jobs/command.ts";
import { readCollected } from "./collected.ts";
import { readClassifier } from "./model.ts";
import { itemsOf, poorlyPredicted } from "./poorly-predicted.ts";
import { readSamples } from "./sample.ts";
import { taskNamed } from "./tasks.ts";

const TIMEOUT_MS = 30_000;

/** Opens the project, or adds to it what it lacks: safe to repeat. */
async function openProject(url: string, project: string, body: object): Promise<void> {
  const address = `${url.replace(/\/$/, "")}/api/projects/${encodeURIComponent(project)}`;
  const answer = await fetch(address, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.ok) return;
  throw new Error(
    `PUT ${address} was answered ${answer.status}, expected 200 or 201: ${await answer.text()}`,
  );
}

await runScript(async (tracking) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      task: text,
      collected: text,
      data: text,
      model: text,
      days: text,
      most: text,
      samples: text,
      labelling: text,
      project: text,
    },
  });
  const task = taskNamed(values.task);
  const folder = required("samples", values.samples);
  const checks = await readSamples([required("data", values.data)], task);
  const known = new Set(checks.map(({ id }) => id));
  if (values.model) for (const id of (await readClassifier(values.model)).sampleIds) known.add(id);
  const lastDate = checks.at(-1)?.date ?? "";
  // As in monitor.ts: days go on meanwhile, and what was reported is of those before.
  const collected = await readCollected(required("collected", values.collected), task);
  const served = collected.filter(({ date }) => date <= lastDate);
  const samples = poorlyPredicted(served, known, {
    days: wholeNumber("days", values.days),
    most: wholeNumber("most", values.most),
  });
  if (samples.length === 0) throw new ArgumentError(`${values.collected} holds no sample to be labelled.`);

  const items = itemsOf(samples, task);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "samples.jsonl"), items.map((item) => `${JSON.stringify(item)}\n`).join(""));
  if (values.labelling) {
    const project = required("project", values.project);
    const dates = samples.map(({ date }) => date).sort();
    await openProject(values.labelling, project, {
      title: `Least sure answers of the ${task.name} model, ${dates[0]} to ${dates.at(-1)}`,
      column: task.column,
      labels: task.labels,
      dataReference: values.collected,
      items,
    });
  }
  const confidences = samples.map(({ answer }) => answer.confidence);
  const metrics = {
    samples: samples.length,
    lowest_confidence: Math.min(...confidences),
    highest_confidence: Math.max(...confidences),
  };
  await tracking.logMetrics(metrics);
  return metrics;
});
