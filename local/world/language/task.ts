import type { Task } from "../classifier/task.ts";
import { describeText, featuresOf, textProblem, vocabularyOf } from "./text.ts";

/** Requests to a shop's support: which desk should answer? */
export const LANGUAGE: Task = {
  name: "language",
  column: "text",
  labels: ["account", "billing", "delivery", "repair", "returns"],
  scorer: new URL("score.ts", import.meta.url),
  problemOf: textProblem,
  vocabularyOf,
  featuresOf,
  describe: describeText,
};
