import { dataTypeErrorRate, nullValueRate, outOfBoundsRate } from "../measures/quality.ts";
import { cellsOf, DATE } from "./weather.ts";

/** What can be measured on earth; beyond it is a fault of the instrument or of its unit. */
const BOUNDS = {
  precipitation: { minimum: 0, maximum: 2_000 },
  temp_max: { minimum: -90, maximum: 60 },
  temp_min: { minimum: -90, maximum: 60 },
  wind: { minimum: 0, maximum: 115 },
} as const;
const DAY_MS = 86_400_000;

export interface Inspected {
  /**
   * `rows`, `missing_days`, `repeated_days`, `crossed_days` (the night warmer than the day); per column
   * `null_value_rate.{column}`, `data_type_error_rate.{column}`, `out_of_bounds_rate.{column}`, each 0 to 1.
   */
  readonly metrics: Readonly<Record<string, number>>;
  /** Each names file, line and column, and what was found and expected. */
  readonly problems: readonly string[];
}

/**
 * Looks at every cell of the observations, where reading them for training stops at the first that is wrong.
 *
 * @param where - names the source in problems
 * @param days - how many of the newest rows to look at; null for all
 * @throws {WeatherDataError} when there is no row, or a column is missing
 */
export function inspect(csv: string, where: string, days: number | null): Inspected {
  const rows = cellsOf(csv, where).slice(days === null ? 0 : -days);
  const problems: string[] = [];
  const metrics: Record<string, number> = { rows: rows.length };
  for (const [column, bounds] of Object.entries(BOUNDS)) {
    const cells = rows.map(({ cell }) => cell(column) || null);
    metrics[`null_value_rate.${column}`] = nullValueRate(cells);
    metrics[`data_type_error_rate.${column}`] = dataTypeErrorRate(cells, "numerical");
    metrics[`out_of_bounds_rate.${column}`] = outOfBoundsRate(cells, bounds);
    for (const { at, cell } of rows) {
      const value = cell(column);
      const isFine = value !== "" && Number(value) >= bounds.minimum && Number(value) <= bounds.maximum;
      if (isFine) continue;
      const range = `a number from ${bounds.minimum} to ${bounds.maximum}`;
      problems.push(`${at}: ${column} is '${value}', expected ${range}.`);
    }
  }
  const crossed = rows.filter(({ cell }) => Number(cell("temp_min")) > Number(cell("temp_max")));
  problems.push(...crossed.map(({ at }) => `${at}: temp_min is above temp_max, expected it below.`));
  const dates = datesOf(rows.map(({ at, cell }) => ({ at, date: cell("date") })));
  problems.push(...dates.problems);
  return { metrics: { ...metrics, crossed_days: crossed.length, ...dates.metrics }, problems };
}

/** A day follows the other, each once. */
function datesOf(rows: readonly { at: string; date: string }[]): Inspected {
  const seen = new Set<string>();
  const problems: string[] = [];
  let repeated = 0;
  for (const { at, date } of rows) {
    if (!DATE.test(date)) problems.push(`${at}: date is '${date}', expected one such as 2012-01-31.`);
    else if (seen.has(date)) {
      repeated += 1;
      problems.push(`${at}: date ${date} is there before, expected each day once.`);
    } else seen.add(date);
  }
  let missing = 0;
  const sorted = [...seen].sort();
  for (const [index, date] of sorted.entries()) {
    const next = sorted[index + 1];
    const gap = next === undefined ? 0 : Math.round((Date.parse(next) - Date.parse(date)) / DAY_MS) - 1;
    if (gap > 0) problems.push(`After ${date} ${gap} days are missing, expected every day up to ${next}.`);
    missing += gap;
  }
  return { metrics: { missing_days: missing, repeated_days: repeated }, problems };
}
