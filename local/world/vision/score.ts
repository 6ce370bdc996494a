/** Serves a model of images: bundled into its folder as `score.js`. */
import { loadClassifier } from "../classifier/scorer.ts";
import { featuresOf } from "./features.ts";
import { imageProblem } from "./image.ts";

export const load = (folder: string) =>
  loadClassifier(folder, { column: "image", featuresOf, problemOf: imageProblem });
