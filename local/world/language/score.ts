/** Serves a model of texts: bundled into its folder as `score.js`. */
import { loadClassifier } from "../classifier/scorer.ts";
import { featuresOf, textProblem } from "./text.ts";

export const load = (folder: string) =>
  loadClassifier(folder, { column: "text", featuresOf, problemOf: textProblem });
