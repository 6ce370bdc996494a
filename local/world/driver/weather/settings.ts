import type { Chosen, Signal } from "../../monitors/metrics.ts";
import { ENDPOINTS } from "../../worlds.ts";

/** What the data scientists of this world decided once, for the model `weather-max`. */

export const MODEL = "weather-max";
export const ENDPOINT = ENDPOINTS.classical;
export const CODE = "weather";
export const DATA_ASSET = "weather-observations";

/** The last day that version 1 learns from: winter and spring. From here on days pass. */
export const START_DATE = "2012-05-31";

/** All days from January to May. */
export const FIRST_TRAINING_DAYS = 152;

/** Weather stations that ask for a forecast each day. They are in one place, so their requests are the same. */
export const STATIONS = 10;

/** Fewer served days than this tell a monitor nothing: a model that has just taken over is given two weeks. */
export const MINIMUM_DAYS = 14;

/** What a monitor looks at: how many of the newest days, and which metrics by the type of a feature. */
export interface MonitorSettings {
  readonly windowDays: number;
  /** How many weeks pass from one look to the next. */
  readonly everyWeeks: number;
  readonly numerical: readonly Chosen[];
  readonly categorical: readonly Chosen[];
}

const FOUR_WEEKS = 28;
/** Nothing may be null or of another type, which is what Azure's SDK sets too. */
const WHOLE = [
  { metric: "NullValueRate", threshold: 0 },
  { metric: "DataTypeErrorRate", threshold: 0 },
] as const;

/**
 * What the monitors look at, on the last evening of a world week. The thresholds were set with this data in view (see the README); Azure's
 * own, 0.1 for a distance, would report the first June evening.
 */
export const MONITORS: Readonly<Record<Signal, MonitorSettings>> = {
  "data-drift": {
    windowDays: FOUR_WEEKS,
    everyWeeks: 1,
    /** Standard deviations. Months within the training data lie up to 1.2 from the whole. */
    numerical: [{ metric: "NormalizedWassersteinDistance", threshold: 2.6 }],
    categorical: [{ metric: "JensenShannonDistance", threshold: 0.5 }],
  },
  "prediction-drift": {
    windowDays: FOUR_WEEKS,
    everyWeeks: 2,
    numerical: [{ metric: "NormalizedWassersteinDistance", threshold: 2.6 }],
    categorical: [],
  },
  "data-quality": {
    windowDays: FOUR_WEEKS,
    everyWeeks: 2,
    /** Each season goes beyond the one before, up to nine nights in ten: that is for the monitors of drift. */
    numerical: [...WHOLE, { metric: "OutOfBoundsRate", threshold: 0.9 }],
    categorical: [...WHOLE, { metric: "OutOfBoundsRate", threshold: 0.9 }],
  },
  performance: {
    windowDays: FOUR_WEEKS,
    everyWeeks: 1,
    /** °C. In training it was 3.5, and this is half as much again. */
    numerical: [{ metric: "RootMeanSquaredError", threshold: 5.25 }],
    categorical: [],
  },
};
