/**
 * `node data-quality.ts --task vision|language --data FILE.jsonl`: is this data fit to train or to judge a model? Contract:
 * ../README.md.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import * as z from "zod";
import { required, runScript } from "../jobs/command.ts";
import { nullValueRate, outOfBoundsRate } from "../measures/quality.ts";
import { SampleDataError } from "./sample.ts";
import { taskNamed } from "./tasks.ts";

const Row = z.record(z.string(), z.unknown());

await runScript(async (tracking) => {
  const { values } = parseArgs({ options: { task: { type: "string" }, data: { type: "string" } } });
  const task = taskNamed(values.task);
  const file = required("data", values.data);
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new SampleDataError(`${file} holds no row, expected one or more.`);
  const rows = lines.map((line) => {
    try {
      return Row.parse(JSON.parse(line));
    } catch {
      return {};
    }
  });
  const contents = rows.map((row) => row[task.column] ?? null);
  const isUnreadable = (content: unknown) =>
    content !== null && (typeof content !== "string" || task.problemOf(content) !== null);
  const ids = rows.map(({ id }) => id);
  const labels = new Map(task.labels.map((label) => [label, 0]));
  for (const { label } of rows) labels.set(String(label), (labels.get(String(label)) ?? 0) + 1);
  const metrics = {
    null_value_rate: nullValueRate(contents),
    data_type_error_rate: contents.filter(isUnreadable).length / rows.length,
    unknown_label_rate: outOfBoundsRate(
      rows.map(({ label }) => label ?? ""),
      new Set(task.labels),
    ),
    duplicate_rate: 1 - new Set(ids).size / ids.length,
    rarest_label_share: Math.min(...task.labels.map((label) => labels.get(label) ?? 0)) / rows.length,
    rows: rows.length,
  };
  await tracking.logMetrics(metrics);
  return metrics;
});
