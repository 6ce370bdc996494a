import type { Predict, WeatherModel } from "./classical/artefact.ts";
import type { ServedDay } from "./classical/collected.ts";
import { trainModel } from "./classical/model.ts";
import { measureSignal } from "./classical/signals.ts";
import { COLUMNS, type Example, examplesOf, WEATHER } from "./classical/weather.ts";
import type { Nature } from "./driver/nature.ts";
import { DAYS_PER_WEEK, FIRST_TRAINING_DAYS, MINIMUM_DAYS, MONITORS, START_DATE } from "./driver/settings.ts";
import { errorsOf, rmse } from "./measures/regression.ts";
import type { Finding } from "./monitors/measure.ts";
import { SIGNALS, type Signal } from "./monitors/metrics.ts";
import { breachesOf, type Measured } from "./monitors/report.ts";

/** Makes a model answer, as the endpoint does it. */
export type Serve = (model: WeatherModel) => Promise<Predict>;

/** What the champion foretold at the end of `date`, and what the next day brought: both in °C. */
export interface Foretold {
  readonly date: string;
  readonly prediction: number;
  readonly truth: number;
}

/** What one signal's monitor said on an evening. */
export interface Said extends Measured {
  readonly signal: Signal;
  readonly breaches: readonly Finding[];
}

export interface Week {
  /** Its last day, on whose evening the monitors run. */
  readonly date: string;
  readonly days: readonly Foretold[];
  readonly said: readonly Said[];
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
export async function* walkSeasons(
  nature: Nature,
  serve: Serve,
  { weeks, windowDays }: { weeks: number; windowDays: number },
): AsyncGenerator<Week, void> {
  const first = trainModel(knownOn(nature, START_DATE).slice(-FIRST_TRAINING_DAYS));
  const stale = await serve(first);
  let champion = { model: first, predict: stale };
  let served: ServedDay[] = [];
  let date = START_DATE;

  for (let week = 1; week <= weeks; week += 1) {
    const days: Foretold[] = [];
    for (let day = 1; day <= DAYS_PER_WEEK; day += 1) {
      date = nature.dayAfter(date) ?? date;
      const today = exampleOf(nature, date);
      const [prediction = Number.NaN] = await champion.predict([today]);
      days.push({ date, prediction, truth: today.truth });
      served.push({ date, row: rowOf(today), prediction });
    }
    const due = SIGNALS.filter((signal) => week % MONITORS[signal].everyWeeks === 0);
    const said = due.map((signal): Said => {
      const { windowDays: window, ...chosen } = MONITORS[signal];
      const watched = { served, observations: nature.until(date), model: champion.model, windowDays: window };
      const measured = measureSignal(signal, watched, chosen);
      return { signal, ...measured, breaches: breachesOf(measured, MINIMUM_DAYS) };
    });
    const retrained = said.some(({ breaches }) => breaches.length > 0);
    if (retrained) {
      const model = trainModel(knownOn(nature, date).slice(-windowDays));
      champion = { model, predict: await serve(model) };
      served = [];
    }
    const following = followingDays(nature, date);
    const ahead = {
      stale: await errorOf(stale, following),
      champion: await errorOf(champion.predict, following),
    };
    yield { date, days, said, retrained, ahead };
  }
}

function knownOn(nature: Nature, date: string): Example[] {
  return examplesOf(nature.until(date));
}

/** That day, and what only the next one will tell. */
function exampleOf(nature: Nature, date: string): Example {
  const tomorrow = nature.dayAfter(date);
  const today = tomorrow === null ? undefined : knownOn(nature, tomorrow).at(-1);
  if (!today) throw new RangeError(`There is no day after ${date} to foretell.`);
  return today;
}

/** As a station would ask. */
function rowOf({ features, weather }: Example): ServedDay["row"] {
  return {
    ...Object.fromEntries(COLUMNS.map((column, index) => [column, features[index]])),
    [WEATHER]: weather,
  };
}

/** The days after `date`, as many as {@link WEEKS_AHEAD} weeks have. */
function followingDays(nature: Nature, date: string): Example[] {
  let last = date;
  for (let day = 0; day <= WEEKS_AHEAD * DAYS_PER_WEEK; day += 1) last = nature.dayAfter(last) ?? last;
  return knownOn(nature, last).slice(-WEEKS_AHEAD * DAYS_PER_WEEK);
}

async function errorOf(predict: Predict, examples: readonly Example[]): Promise<number> {
  const truths = examples.map(({ truth }) => truth);
  return rmse(errorsOf(await predict(examples), truths));
}
