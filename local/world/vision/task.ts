import type { Task } from "../classifier/task.ts";
import { describeImage, featuresOf } from "./features.ts";
import { imageProblem } from "./image.ts";

/** Handwritten digits: which of ten is it? */
export const VISION: Task = {
  name: "vision",
  column: "image",
  labels: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  scorer: new URL("score.ts", import.meta.url),
  problemOf: imageProblem,
  vocabularyOf: () => [],
  featuresOf,
  describe: describeImage,
};
