/**
 * The forest, as it is served: no imports but Node's own, because it is copied into every model folder.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * @param {string} folder - with `model.json`
 * @returns {Promise<(request: unknown) => number[]>} takes `{input_data: {columns, index, data}}`, answers °C per row
 */
export async function load(folder) {
  const { columns, trees } = JSON.parse(await readFile(join(folder, "model.json"), "utf8"));
  return (request) =>
    rowsOf(request, columns).map(
      (row) => trees.reduce((sum, tree) => sum + follow(tree, row), 0) / trees.length,
    );
}

/** The cells of each row, in the model's own order of columns; what else a request carries is not read. */
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

/** From the root to a leaf: a branch is `[column, value, less, notLess]`, a leaf a number. */
function follow(tree, row) {
  let place = tree;
  while (typeof place !== "number") {
    const [column, value, less, notLess] = place;
    place = row[column] < value ? less : notLess;
  }
  return place;
}
