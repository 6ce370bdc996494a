import { type Errors, errorsOf } from "../measures/regression.ts";
import { foretellPast, loadModel, readModel } from "./artefact.ts";
import { type Example, examplesOf, readObservations, WeatherDataError } from "./weather.ts";

/** The newest days whose tomorrow is known, oldest first. @throws {WeatherDataError} when there is none */
export async function newestDays(file: string, days: number): Promise<Example[]> {
  const newest = examplesOf(await readObservations(file)).slice(-days);
  if (newest.length > 0) return newest;
  throw new WeatherDataError(`${file} holds no day to evaluate, expected three days or more.`);
}

/** What a model would have foretold for those days, minus what came: one per day, in °C. */
export async function errorsOfModel(folder: string, days: readonly Example[]): Promise<Errors> {
  const foretold = await foretellPast(await readModel(folder), await loadModel(folder), days);
  return errorsOf(
    foretold,
    days.map(({ truth }) => truth),
  );
}
