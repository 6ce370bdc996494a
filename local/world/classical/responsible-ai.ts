/**
 * `node classical/responsible-ai.ts --data FILE.csv --candidate DIR --days N [--by season,weather,rain] [--minimum-rows N]
 * [--maximum-ratio X]`: is the model's error borne by some days more than by others? Contract: ../README.md.
 */
import { parseArgs } from "node:util";
import { figure, required, runScript, wholeNumber } from "../jobs/command.ts";
import { cohortErrors } from "./cohorts.ts";
import { errorsOfModel, newestDays } from "./past.ts";

/** Errors of a cohort with fewer days are shown, and judged by nobody. */
const DEFAULT_MINIMUM_ROWS = "10";

/** One cohort bears too much of the error. */
class CohortError extends Error {
  override name = "CohortError";
}

await runScript(async (tracking) => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      data: text,
      candidate: text,
      days: text,
      by: { type: "string", default: "season,rain" },
      "minimum-rows": { type: "string", default: DEFAULT_MINIMUM_ROWS },
      "maximum-ratio": text,
    },
  });
  const minimumRows = wholeNumber("minimum-rows", values["minimum-rows"]);
  const maximum = values["maximum-ratio"] ? figure("maximum-ratio", values["maximum-ratio"]) : null;
  const days = await newestDays(required("data", values.data), wholeNumber("days", values.days));
  const errors = await errorsOfModel(required("candidate", values.candidate), days);
  const { metrics, worst } = cohortErrors(days, errors, values.by.split(","), minimumRows);
  await tracking.logMetrics(metrics);
  if (maximum !== null && worst !== null && worst.ratio > maximum) {
    console.log(JSON.stringify(metrics));
    throw new CohortError(
      `Cohort ${worst.name} has ${worst.ratio.toFixed(2)} times the error of all days, expected at most ${maximum} times.`,
    );
  }
  return { ...metrics, ...(worst === null ? {} : { worst: worst.name }) };
});
