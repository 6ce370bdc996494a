/**
 * Measures a signal of a model monitor, as a step of its job: `node monitor-signal.ts OPTIONS PRODUCTION REFERENCE`.
 * Logs a metric for each feature; at a breach it tags its run, which nevertheless ends as Completed.
 */
import { z } from "zod";
import { DISTANCES } from "./drift.ts";
import { type Frame, filesOf, readFrame } from "./frames.ts";

const Window = z.object({ from: z.number(), to: z.number() }).nullable();
const Options = z.object({
  signal: z.string(),
  signalType: z.enum(["DataDrift", "PredictionDrift", "DataQuality"]),
  production: Window,
  reference: Window,
  thresholds: z.array(z.object({ metric: z.string(), value: z.number() })),
});

const BREACH_TAG = "azureml_modelmonitor_threshold_breached";

interface Measured {
  readonly metric: string;
  readonly group: string;
  readonly value: number;
  readonly threshold: number;
}

async function columnsOf(place: string, window: z.infer<typeof Window>): Promise<Map<string, unknown[]>> {
  const frames = await Promise.all((await filesOf(place)).map((file) => readFrame(file, window)));
  const columns = new Map<string, unknown[]>();
  for (const frame of frames) addColumns(columns, frame);
  return columns;
}

function addColumns(columns: Map<string, unknown[]>, frame: Frame): void {
  for (const [index, column] of frame.columns.entries()) {
    const values = columns.get(column) ?? [];
    values.push(...frame.data.map((row) => row[index]));
    columns.set(column, values);
  }
}

const numbers = (values: readonly unknown[]) => values.filter((value) => typeof value === "number");

function measure(
  metric: string,
  reference: readonly unknown[],
  current: readonly unknown[],
): number | undefined {
  if (metric === "NullValueRate") {
    const missing = current.filter((value) => value === null || value === undefined).length;
    return current.length === 0 ? undefined : missing / current.length;
  }
  const [from, to] = [numbers(reference), numbers(current)];
  return from.length === 0 || to.length === 0 ? undefined : DISTANCES[metric]?.(from, to);
}

async function track(call: string, body: object): Promise<void> {
  const { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: token, MLFLOW_RUN_ID: run_id } = process.env;
  const answer = await fetch(`${uri}/api/2.0/mlflow/runs/${call}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ run_id, ...body }),
  });
  if (!answer.ok) throw new Error(`${call} was answered ${answer.status}: ${await answer.text()}`);
}

/** To the letter as the service's monitors write it: a sentence, then a Python list of JSON strings. */
function breachText(signal: string, breaches: readonly Measured[]): string {
  const items = breaches.map(({ metric, value, threshold, group }) =>
    JSON.stringify({ metric_value: value, metric_name: metric, threshold_value: threshold, group }),
  );
  return [
    `The signal '${signal}' has failed due to one or more features violating metric thresholds.`,
    "The feature names and their corresponding computed metric values violating the threshold are ",
    `[${items.map((item) => `'${item.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`).join(", ")}]`,
    "",
  ].join("\n");
}

const [encoded = "", productionPlace = "", referencePlace = ""] = process.argv.slice(2);
const options = Options.parse(JSON.parse(Buffer.from(encoded, "base64url").toString()));
const production = await columnsOf(productionPlace, options.production);
const reference = await columnsOf(referencePlace, options.reference);
const measured: Measured[] = [];
for (const { metric, value: threshold } of options.thresholds) {
  for (const [group, values] of reference) {
    const value = measure(metric, values, production.get(group) ?? []);
    if (value !== undefined) measured.push({ metric, group, value, threshold });
  }
}
const metrics = measured.map(({ metric, group, value }) => ({ key: `${metric}.${group}`, value }));
await track("log-batch", { metrics });
const breaches = measured.filter(({ value, threshold }) => value > threshold);
if (breaches.length > 0) {
  await track("set-tag", { key: BREACH_TAG, value: breachText(options.signal, breaches) });
}
console.log(`${measured.length} values measured, ${breaches.length} beyond their threshold`);
