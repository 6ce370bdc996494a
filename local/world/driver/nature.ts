import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Observation, readObservations } from "../classical/weather.ts";

const COLUMNS = ["date", "precipitation", "temp_max", "temp_min", "wind", "weather"] as const;

/** The weather of Seattle, 2012 to 2015, one day after another, as the NOAA measured it (package vega-datasets). */
export class Nature {
  readonly #days: readonly Observation[];
  readonly #indexes: ReadonlyMap<string, number>;

  private constructor(days: readonly Observation[]) {
    this.#days = days;
    this.#indexes = new Map(days.map(({ date }, index) => [date, index]));
  }

  static async load(): Promise<Nature> {
    const entry = createRequire(import.meta.url).resolve("vega-datasets");
    return new Nature(await readObservations(join(dirname(entry), "../data/seattle-weather.csv")));
  }

  /** Every day up to and including `date`: more is not known on its evening. */
  until(date: string): readonly Observation[] {
    return this.#days.slice(0, this.#indexOf(date) + 1);
  }

  /** Null after the last day that was measured. */
  dayAfter(date: string): string | null {
    return this.#days[this.#indexOf(date) + 1]?.date ?? null;
  }

  /** Whole days from one to the other. */
  daysBetween(from: string, to: string): number {
    return this.#indexOf(to) - this.#indexOf(from);
  }

  #indexOf(date: string): number {
    const index = this.#indexes.get(date);
    if (index !== undefined) return index;
    throw new RangeError(`There is no weather of ${date}, expected a day from 2012-01-01 to 2015-12-31.`);
  }
}

/** Observations as the data asset holds them. */
export function csvOf(observations: readonly Observation[]): string {
  const lines = observations.map((day) => COLUMNS.map((column) => day[column]).join(","));
  return `${[COLUMNS.join(","), ...lines].join("\n")}\n`;
}
