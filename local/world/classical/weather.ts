import { readFile } from "node:fs/promises";

/** One day's weather at one place, as the data asset holds it: `date,precipitation,temp_max,temp_min,wind,weather[,…]`. */
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
  /** drizzle, fog, rain, snow or sun */
  readonly weather: string;
}

/** What the model reads of a request, in this order: all of it is known at the end of the day it is about. */
export const COLUMNS = ["temp_max", "temp_min", "precipitation", "wind", "temp_max_before"] as const;

/** A word for the day: requests carry it and monitors watch it, but the model does not read it. */
export const WEATHER = "weather";

/** What is known at the end of a day. */
export interface Day {
  readonly date: string;
  /** In the order of {@link COLUMNS}. */
  readonly features: readonly number[];
  readonly weather: string;
}

/** A day, and what the next day's highest temperature then was. */
export interface Example extends Day {
  /** °C, of the day after `date`. */
  readonly truth: number;
}

/** The data cannot be used as it is. */
export class WeatherDataError extends Error {
  override name = "WeatherDataError";
}

const REQUIRED = ["date", "precipitation", "temp_max", "temp_min", "wind", WEATHER] as const;
export const DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * @returns oldest first
 * @throws {WeatherDataError} naming the line and the column that cannot be read
 */
export async function readObservations(file: string): Promise<Observation[]> {
  const observations = cellsOf(await readFile(file, "utf8"), file).map(readRow);
  return observations.sort((a, b) => a.date.localeCompare(b.date));
}

/** A row before its cells are read; `at` names file and line, `cell` is the text of a column. */
export interface Row {
  readonly at: string;
  readonly cell: (column: string) => string;
}

/**
 * @param where - names the source in errors
 * @throws {WeatherDataError} when a column is missing, or there is no row
 */
export function cellsOf(csv: string, where: string): Row[] {
  const lines = csv.split(/\r?\n/);
  const names = (lines[0] ?? "").split(",").map((name) => name.trim());
  const missing = REQUIRED.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new WeatherDataError(`${where} has no column ${missing.join(", ")}, found: ${names.join(", ")}.`);
  }
  const rows = lines.flatMap((line, index): Row[] => {
    if (index === 0 || line.trim() === "") return [];
    const cells = line.split(",");
    return [{ at: `${where}:${index + 1}`, cell: (name) => (cells[names.indexOf(name)] ?? "").trim() }];
  });
  if (rows.length > 0) return rows;
  throw new WeatherDataError(`${where} holds no row, expected a day each.`);
}

function readRow({ at: where, cell }: Row): Observation {
  const number = (name: string) => {
    const value = Number(cell(name));
    if (cell(name) !== "" && Number.isFinite(value)) return value;
    throw new WeatherDataError(`${where}: ${name} is '${cell(name)}', expected a number.`);
  };
  const date = cell("date");
  if (!DATE.test(date)) {
    throw new WeatherDataError(`${where}: date is '${date}', expected one such as 2012-01-31.`);
  }
  const weather = cell(WEATHER);
  if (weather === "")
    throw new WeatherDataError(`${where}: ${WEATHER} is empty, expected a word such as rain.`);
  return {
    date,
    precipitation: number("precipitation"),
    temp_max: number("temp_max"),
    temp_min: number("temp_min"),
    wind: number("wind"),
    weather,
  };
}

/** What is known at the end of the day at `index`; null for the first day, which has no day before. */
export function dayAt(observations: readonly Observation[], index: number): Day | null {
  const day = observations[index];
  const before = observations[index - 1];
  if (!day || !before) return null;
  const features = [day.temp_max, day.temp_min, day.precipitation, day.wind, before.temp_max];
  return { date: day.date, features, weather: day.weather };
}

/** Every day that has both a day before and a day after, oldest first. */
export function examplesOf(observations: readonly Observation[]): Example[] {
  return observations.flatMap((_, index) => {
    const day = dayAt(observations, index);
    const next = observations[index + 1];
    return day && next ? [{ ...day, truth: next.temp_max }] : [];
  });
}
