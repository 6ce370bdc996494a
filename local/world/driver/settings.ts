/** What the data scientists of this world decided once, for the model `weather-max`. */

export const MODEL = "weather-max";
export const ENDPOINT = "weather-max";
export const DATA_ASSET = "weather-observations";

/** The last day that version 1 learns from: winter and spring. From here on days pass. */
export const START_DATE = "2012-05-31";

/** All days from January to May. */
export const FIRST_TRAINING_DAYS = 152;

/** Weather stations that ask for a forecast each day. They are in one place, so their requests are the same. */
export const STATIONS = 10;

export const DAYS_PER_WEEK = 7;

/** Fewer served days than this tell a monitor nothing: a model that has just taken over is given two weeks. */
export const MINIMUM_DAYS = 14;

/** What the two monitors look at, each world week. */
export const MONITORS = {
  /**
   * Standard deviations. Months within the training data lie up to 1.2 from the whole. Set with the season in view: at 2
   * it reports a week before the evaluation can tell that the new model is better (see the README).
   */
  "data-drift": { windowDays: 28, threshold: 2.2 },
  /** °C, RMSE. In training it was 3.5, and 5 is half as much again. */
  performance: { windowDays: 28, threshold: 5 },
} as const;
export type MonitorSignal = keyof typeof MONITORS;
