import { ArgumentError } from "../jobs/command.ts";
import { type Errors, mae, rmse } from "../measures/regression.ts";
import { COLUMNS, type Example } from "./weather.ts";

const SEASONS = ["winter", "spring", "summer", "autumn"] as const;
const PRECIPITATION = COLUMNS.indexOf("precipitation");

/** What may tell days apart, each by a word per day. */
const COHORTS: Readonly<Record<string, (day: Example) => string>> = {
  /** Of the north, by whole months: winter from December. */
  season: ({ date }) => SEASONS[Math.floor((Number(date.slice(5, 7)) % 12) / 3)] ?? "winter",
  weather: ({ weather }) => weather,
  rain: ({ features }) => ((features[PRECIPITATION] ?? 0) > 0 ? "wet" : "dry"),
};

export interface CohortErrors {
  /** `rmse`, `mae`, `sample_size`; per cohort `rmse.{by}.{cohort}`, `rows.{by}.{cohort}`; `worst_ratio` if there is one. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The cohort of enough days whose RMSE is the greatest multiple of that of all days. */
  readonly worst: { readonly name: string; readonly ratio: number } | null;
}

/**
 * The error of each group of days, in °C.
 *
 * @param by - what to group by, one after the other
 * @param minimumRows - a cohort of fewer days is not judged
 * @throws {ArgumentError} when `by` names something else
 */
export function cohortErrors(
  days: readonly Example[],
  errors: Errors,
  by: readonly string[],
  minimumRows: number,
): CohortErrors {
  const whole = rmse(errors);
  const metrics: Record<string, number> = { rmse: whole, mae: mae(errors), sample_size: errors.length };
  let worst: CohortErrors["worst"] = null;
  for (const name of by) {
    const cohortOf = COHORTS[name];
    if (!cohortOf)
      throw new ArgumentError(`--by names '${name}', expected ${Object.keys(COHORTS).join(" or ")}.`);
    const groups = Map.groupBy(errors.keys(), (index) => cohortName(days[index], cohortOf));
    for (const [cohort, indexes] of groups) {
      const own = rmse(indexes.map((index) => errors[index] ?? Number.NaN));
      metrics[`rmse.${name}.${cohort}`] = own;
      metrics[`rows.${name}.${cohort}`] = indexes.length;
      const ratio = whole === 0 ? 1 : own / whole;
      if (indexes.length >= minimumRows && ratio > (worst?.ratio ?? 0))
        worst = { name: `${name}.${cohort}`, ratio };
    }
  }
  return { metrics: worst === null ? metrics : { ...metrics, worst_ratio: worst.ratio }, worst };
}

function cohortName(day: Example | undefined, cohortOf: (day: Example) => string): string {
  if (day) return cohortOf(day);
  throw new RangeError("There are more errors than days, expected one per day.");
}
