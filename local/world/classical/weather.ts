import { readFile } from "node:fs/promises";

/** One day's weather at one place, as the data asset holds it: `date,precipitation,temp_max,temp_min,wind[,…]`. */
export interface Observation {
  /** `2012-01-31` */
  readonly date: string;
  /** mm */
  readonly precipitation: number;
  /** °C */
  readonly temp_max: number;
  /** °C */
  readonly temp_min: number;
  /** m/s, mean of the day */
  readonly wind: number;
}

/** What a request carries, in this order: all of it is known at the end of the day it is about. */
export const COLUMNS = ["temp_max", "temp_min", "precipitation", "wind", "temp_max_before"] as const;

/** What is known at the end of `date`, and what the next day's highest temperature then was. */
export interface Example {
  readonly date: string;
  /** In the order of {@link COLUMNS}. */
  readonly features: readonly number[];
  /** °C, of the day after `date`. */
  readonly truth: number;
}

/** The data cannot be used as it is. */
export class WeatherDataError extends Error {
  override name = "WeatherDataError";
}

const REQUIRED = ["date", "precipitation", "temp_max", "temp_min", "wind"] as const;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** @throws {WeatherDataError} naming the line and the column that cannot be read */
export async function readObservations(file: string): Promise<Observation[]> {
  return parseObservations(await readFile(file, "utf8"), file);
}

/** @param where - names the source in errors */
function parseObservations(csv: string, where: string): Observation[] {
  const [header = "", ...lines] = csv.split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = header.split(",").map((name) => name.trim());
  const missing = REQUIRED.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new WeatherDataError(`${where} has no column ${missing.join(", ")}, found: ${names.join(", ")}.`);
  }
  const observations = lines.map((line, index) => readLine(line.split(","), names, `${where}:${index + 2}`));
  return observations.sort((a, b) => a.date.localeCompare(b.date));
}

function readLine(cells: readonly string[], names: readonly string[], where: string): Observation {
  const cell = (name: string) => (cells[names.indexOf(name)] ?? "").trim();
  const number = (name: string) => {
    const value = Number(cell(name));
    if (cell(name) !== "" && Number.isFinite(value)) return value;
    throw new WeatherDataError(`${where}: ${name} is '${cell(name)}', expected a number.`);
  };
  const date = cell("date");
  if (!DATE.test(date)) {
    throw new WeatherDataError(`${where}: date is '${date}', expected one such as 2012-01-31.`);
  }
  return {
    date,
    precipitation: number("precipitation"),
    temp_max: number("temp_max"),
    temp_min: number("temp_min"),
    wind: number("wind"),
  };
}

/**
 * What is known at the end of the day at `index`.
 *
 * @returns values in the order of {@link COLUMNS}; null for the first day, which has no day before
 */
export function featuresOf(observations: readonly Observation[], index: number): number[] | null {
  const day = observations[index];
  const before = observations[index - 1];
  if (!day || !before) return null;
  return [day.temp_max, day.temp_min, day.precipitation, day.wind, before.temp_max];
}

/** Every day that has both a day before and a day after, oldest first. */
export function examplesOf(observations: readonly Observation[]): Example[] {
  return observations.flatMap(({ date }, index) => {
    const features = featuresOf(observations, index);
    const next = observations[index + 1];
    return features && next ? [{ date, features, truth: next.temp_max }] : [];
  });
}
