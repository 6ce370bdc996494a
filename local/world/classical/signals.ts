import {
  type ByType,
  type Feature,
  measureDrift,
  measureErrors,
  measureQuality,
} from "../monitors/measure.ts";
import type { Chosen, Signal } from "../monitors/metrics.ts";
import type { Measured } from "../monitors/report.ts";
import type { WeatherModel } from "./artefact.ts";
import type { ServedDay } from "./collected.ts";
import { COLUMNS, examplesOf, type Observation, WEATHER } from "./weather.ts";

/** What the monitors of this model look at. */
export interface Watched {
  /** What was served, oldest first. */
  readonly served: readonly ServedDay[];
  /** What is known of the weather by now. */
  readonly observations: readonly Observation[];
  readonly model: Pick<WeatherModel, "columns" | "examples">;
  /** How many of the newest days count. */
  readonly windowDays: number;
}

/**
 * Takes the measures of one signal: of drift and quality against the days that the model learnt, of performance against
 * the weather that then came. A day whose tomorrow is not yet known waits.
 */
export function measureSignal(signal: Signal, watched: Watched, chosen: ByType<readonly Chosen[]>): Measured {
  if (signal === "performance") {
    const errors = servedErrors(watched).slice(-watched.windowDays);
    return { rows: errors.length, findings: measureErrors(errors, chosen.numerical), features: [] };
  }
  const newest = watched.served.slice(-watched.windowDays);
  const features = signal === "prediction-drift" ? [predictions(watched, newest)] : inputs(watched, newest);
  const measure = signal === "data-quality" ? measureQuality : measureDrift;
  return { rows: newest.length, findings: measure(features, chosen), features };
}

/** Serving inputs: the columns that the model reads, and the word for the day, which it does not. */
function inputs({ model }: Watched, newest: readonly ServedDay[]): Feature[] {
  const numerical = COLUMNS.map((name): Feature => {
    const column = model.columns.indexOf(name);
    const reference = model.examples.map(({ features }) => features[column]);
    return { name, type: "numerical", reference, current: newest.map(({ row }) => row[name]) };
  });
  const words: Feature = {
    name: WEATHER,
    type: "categorical",
    reference: model.examples.map(({ weather }) => weather),
    current: newest.map(({ row }) => row[WEATHER]),
  };
  return [...numerical, words];
}

/** What the model answers now, against what it foretold for the days of its training before it had learnt them. */
function predictions({ model }: Watched, newest: readonly ServedDay[]): Feature {
  return {
    name: "prediction",
    type: "numerical",
    reference: model.examples.map(({ foretold }) => foretold),
    current: newest.map(({ prediction }) => prediction),
  };
}

function servedErrors({ served, observations }: Watched): number[] {
  const truths = new Map(examplesOf(observations).map(({ date, truth }) => [date, truth]));
  return served.flatMap(({ date, prediction }) => {
    const truth = truths.get(date);
    return truth === undefined || prediction === undefined ? [] : [prediction - truth];
  });
}
