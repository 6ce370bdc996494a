import { COLUMNS, dayAt, WEATHER } from "../../classical/weather.ts";
import { SIGNALS, type Signal } from "../../monitors/metrics.ts";
import type { Scenario, ScoringRequest } from "../scenario.ts";
import { firstTraining, monitorJob } from "./jobs.ts";
import { csvOf, Nature } from "./nature.ts";
import { CODE, DATA_ASSET, ENDPOINT, MODEL, MONITORS, START_DATE, STATIONS } from "./settings.ts";

/** The classical world: tomorrow's temperature, asked for by weather stations. */
export async function weather(): Promise<Scenario> {
  const nature = await Nature.load();
  return {
    name: "classical",
    model: MODEL,
    endpoint: ENDPOINT,
    code: CODE,
    startDate: START_DATE,
    learntFrom: "winter and spring, January to May 2012",
    dayAfter: (date) => nature.dayAfter(date),
    requestsOn: (date) => stationsOn(nature, date),
    dataUntil: (date) => ({
      asset: DATA_ASSET,
      extension: "csv",
      text: csvOf(nature.until(date)),
      description: `Seattle, 2012-01-01 to ${date}.`,
    }),
    firstTrainingJob: `${MODEL}-first-training`,
    firstTraining,
    monitorsOf: (week) => SIGNALS.filter((name) => week % MONITORS[name].everyWeeks === 0),
    monitorJob: (signal, dataVersion, serving) => monitorJob(signalNamed(signal), dataVersion, serving),
  };
}

function signalNamed(name: string): Signal {
  const signal = SIGNALS.find((one) => one === name);
  if (signal) return signal;
  throw new RangeError(`There is no monitor signal '${name}', expected one of ${SIGNALS.join(", ")}.`);
}

/** All stations stand in one place and send the same: repeats of one real request, so that there is traffic. */
function stationsOn(nature: Nature, date: string): ScoringRequest[] {
  const days = nature.until(date);
  const day = dayAt(days, days.length - 1);
  if (!day) throw new RangeError(`There is no day before ${date}.`);
  const data = [[...day.features, day.weather]];
  const body = { input_data: { columns: [...COLUMNS, WEATHER], index: [0], data } };
  return Array.from({ length: STATIONS }, (_, index) => ({
    correlationId: `${date}/station-${index + 1}`,
    body,
  }));
}
