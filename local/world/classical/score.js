/**
 * The analogue model, as it is served: no imports but Node's own, because it is copied into every model folder.
 * Answers with what followed the days most like the one asked about.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const DAY_MS = 86_400_000;

/**
 * @param {string} folder - with `model.json`
 * @returns {Promise<(request: unknown) => number[]>} takes `{input_data: {columns, index, data}, params?}`, answers °C
 *   per row. `params.dates` (one per row) and `params.leave_out_days` leave out what was learnt from days that
 *   near to the row's own: for honest errors on days that the model has seen.
 */
export async function load(folder) {
  const model = JSON.parse(await readFile(join(folder, "model.json"), "utf8"));
  return (request) => {
    const rows = rowsOf(request, model.columns);
    const { dates = [], leave_out_days = 0 } = request.params ?? {};
    return rows.map((row, index) => predict(model, row, tooNear(dates[index], leave_out_days)));
  };
}

/** The cells of each row, in the model's own order of columns. */
function rowsOf(request, columns) {
  const { columns: given, data } = request?.input_data ?? {};
  if (!Array.isArray(given) || !Array.isArray(data)) {
    throw new Error("The request has no input_data.columns and input_data.data, expected both as lists.");
  }
  const missing = columns.filter((column) => !given.includes(column));
  if (missing.length > 0) throw new Error(`The request lacks the column ${missing.join(", ")}.`);
  return data.map((cells, index) =>
    columns.map((column) => {
      const value = cells?.[given.indexOf(column)];
      if (Number.isFinite(value)) return value;
      throw new Error(`Row ${index} has ${JSON.stringify(value)} as ${column}, expected a number.`);
    }),
  );
}

function tooNear(date, days) {
  if (date === undefined || days <= 0) return () => false;
  return (other) => Math.abs(Date.parse(other) - Date.parse(date)) <= days * DAY_MS;
}

function predict({ scale, examples, neighbours }, row, isLeftOut) {
  const nearest = examples
    .filter((example) => !isLeftOut(example.date))
    .map((example) => ({ truth: example.truth, distance: distance(example.features, row, scale) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, neighbours);
  if (nearest.length === 0) throw new Error("No example is left to learn from, expected at least one.");
  return nearest.reduce((sum, { truth }) => sum + truth, 0) / nearest.length;
}

/** Squared, in standard deviations of the training data. */
function distance(features, row, scale) {
  return features.reduce((sum, value, column) => sum + ((value - row[column]) / scale[column]) ** 2, 0);
}
