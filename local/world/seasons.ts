import type { ServedDay } from "./classical/collected.ts";
import { measureDrift, measureErrors } from "./classical/measures.ts";
import { type Predict, trainModel, type WeatherModel } from "./classical/model.ts";
import { type Example, examplesOf } from "./classical/weather.ts";
import type { Nature } from "./driver/nature.ts";
import { DAYS_PER_WEEK, FIRST_TRAINING_DAYS, MINIMUM_DAYS, MONITORS, START_DATE } from "./driver/settings.ts";
import { isBreached } from "./jobs/breach.ts";
import { rmse } from "./measures/regression.ts";

/** Makes a model answer, as the endpoint does it. */
export type Serve = (model: WeatherModel) => Promise<Predict>;

export interface Week {
  /** Its last day, on whose evening the monitors run. */
  readonly date: string;
  /** Largest distance of any feature from the champion's training data, in standard deviations. */
  readonly drift: number;
  /** °C, RMSE of the champion over the monitors' window; null while no answer can be judged. */
  readonly error: number | null;
  /** Features and metrics beyond their threshold: `temp_min 2.04`. */
  readonly breaches: readonly string[];
  /** Whether the champion was replaced on this evening by one trained on the newest days. */
  readonly retrained: boolean;
  /** °C, RMSE over the four weeks that follow: of version 1, and of the champion after this evening. */
  readonly ahead: { readonly stale: number; readonly champion: number };
}

const WEEKS_AHEAD = 4;

/**
 * The loop in fast motion, without any cloud: version 1 serves, monitors look each week, and at a breach the newest
 * days are learnt.
 *
 * @param windowDays - how many of the newest days a retraining learns from
 */
export async function walkSeasons(
  nature: Nature,
  serve: Serve,
  { weeks, windowDays }: { weeks: number; windowDays: number },
): Promise<Week[]> {
  const first = trainModel(knownOn(nature, START_DATE).slice(-FIRST_TRAINING_DAYS));
  const stale = await serve(first);
  let champion = { model: first, predict: stale };
  let served: ServedDay[] = [];
  const walked: Week[] = [];
  let date = START_DATE;

  for (let day = 1; day <= weeks * DAYS_PER_WEEK; day += 1) {
    date = nature.dayAfter(date) ?? date;
    served.push(await answer(nature, champion.predict, date));
    if (day % DAYS_PER_WEEK !== 0) continue;

    const drift = measureDrift(served, champion.model, MONITORS["data-drift"]);
    const errors = measureErrors(served, nature.until(date), "RootMeanSquaredError", MONITORS.performance);
    const breached = [drift, errors].flatMap((signal) =>
      signal.days < MINIMUM_DAYS ? [] : signal.metrics.filter(isBreached),
    );
    if (breached.length > 0) {
      const model = trainModel(knownOn(nature, date).slice(-windowDays));
      champion = { model, predict: await serve(model) };
      served = [];
    }
    const following = ahead(nature, date);
    walked.push({
      date,
      drift: Math.max(...drift.metrics.map(({ value }) => value)),
      error: errors.metrics[0]?.value ?? null,
      breaches: breached.map(({ metric, group, value }) => `${group ?? metric} ${value.toFixed(2)}`),
      retrained: breached.length > 0,
      ahead: { stale: await errorOf(stale, following), champion: await errorOf(champion.predict, following) },
    });
  }
  return walked;
}

function knownOn(nature: Nature, date: string): Example[] {
  return examplesOf(nature.until(date));
}

async function answer(nature: Nature, predict: Predict, date: string): Promise<ServedDay> {
  const tomorrow = nature.dayAfter(date);
  const today = tomorrow === null ? undefined : knownOn(nature, tomorrow).at(-1);
  if (!today) throw new RangeError(`There is no day after ${date} to foretell.`);
  const [prediction = Number.NaN] = await predict([today]);
  return { date, features: today.features, prediction };
}

/** The days after `date`, as many as {@link WEEKS_AHEAD} weeks have. */
function ahead(nature: Nature, date: string): Example[] {
  let last = date;
  for (let day = 0; day <= WEEKS_AHEAD * DAYS_PER_WEEK; day += 1) last = nature.dayAfter(last) ?? last;
  return knownOn(nature, last).slice(-WEEKS_AHEAD * DAYS_PER_WEEK);
}

async function errorOf(predict: Predict, examples: readonly Example[]): Promise<number> {
  const predictions = await predict(examples);
  return rmse(predictions.map((value, index) => value - (examples[index]?.truth ?? Number.NaN)));
}
