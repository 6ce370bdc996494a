import type { MonitorSignal } from "../../classifier/signals.ts";

/** What the data scientists of the two worlds decided once. */

/** In the first week people did it all by hand: what they found is what version 1 is judged by. */
export const DAYS_BEFORE = 7;

/** How many weeks pass from one look of a monitor to the next. */
export const EVERY_WEEKS: Readonly<Record<MonitorSignal, number>> = {
  "data-drift": 1,
  performance: 1,
  "prediction-drift": 2,
  "data-quality": 2,
  "responsible-ai": 2,
};
