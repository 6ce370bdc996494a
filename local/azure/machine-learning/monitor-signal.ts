/**
 * Measures a signal of a model monitor, as a step of its job: `node monitor-signal.ts OPTIONS PRODUCTION REFERENCE OUTPUT`.
 * Logs a metric for each feature and writes the signal's files; at a breach it tags its run, which nevertheless ends as
 * Completed.
 */
import { runScript } from "../../world/jobs/command.ts";
import type { Tracking } from "../../world/jobs/tracking.ts";
import type { DataType } from "../../world/measures/quality.ts";
import { type Feature, measureDrift, measureQuality } from "../../world/monitors/measure.ts";
import { reportSignal } from "../../world/monitors/report.ts";
import { filesOf, readFrame } from "./frames.ts";
import { SIGNAL_OPTIONS, type SignalOptions } from "./monitor-definition.ts";

type Columns = ReadonlyMap<string, readonly unknown[]>;

/** The cells of each column, over all rows of all files that fall into the window. */
async function columnsOf(place: string, window: SignalOptions["production"]): Promise<Columns> {
  const columns = new Map<string, unknown[]>();
  for (const file of await filesOf(place)) {
    const frame = await readFrame(file, window);
    for (const [index, column] of frame.columns.entries()) {
      const cells = columns.get(column) ?? [];
      for (const row of frame.data) cells.push(row[index]);
      columns.set(column, cells);
    }
  }
  return columns;
}

/** As a data frame types a column: numerical when it holds numbers and nothing else. */
function typeOf(cells: readonly unknown[]): DataType {
  const known = cells.filter((cell) => cell !== null && cell !== undefined);
  return known.length > 0 && known.every((cell) => typeof cell === "number") ? "numerical" : "categorical";
}

function featuresOf(reference: Columns, production: Columns, { features, types }: SignalOptions): Feature[] {
  return [...reference]
    .filter(([name]) => features === null || features.includes(name))
    .map(([name, cells]) => ({
      name,
      type: types[name] ?? typeOf(cells),
      reference: cells,
      current: production.get(name) ?? [],
    }));
}

/** Says of a run that its monitor itself failed, which is no drift. */
const ERROR_TAG = "azureml.modelmonitor.error";

async function measureSignal(tracking: Tracking): Promise<object> {
  const [encoded = "", productionPlace = "", referencePlace = "", output = ""] = process.argv.slice(2);
  const options = SIGNAL_OPTIONS.parse(JSON.parse(Buffer.from(encoded, "base64url").toString()));
  const production = await columnsOf(productionPlace, options.production);
  const reference = await columnsOf(referencePlace, options.reference);
  const features = featuresOf(reference, production, options);
  const { name, kind, numerical, categorical } = options;
  const measure = kind === "data-quality" ? measureQuality : measureDrift;
  const findings = measure(features, { numerical, categorical });
  const rows = Math.max(0, ...[...production.values()].map((cells) => cells.length));
  return reportSignal(kind, { rows, findings, features }, { name, minimumRows: 1, tracking, output });
}

await runScript(async (tracking) => {
  try {
    return await measureSignal(tracking);
  } catch (error) {
    await tracking.setTag(ERROR_TAG, error instanceof Error ? error.message : String(error));
    throw error;
  }
});
