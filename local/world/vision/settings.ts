import type { Annotation } from "../annotation.ts";

/** What the data scientists of this world decided once. */
export const VISION_SETTINGS: Omit<Annotation, "weeks"> = {
  samples: 150,
  sampleDays: 7,
  minimumDays: 5,
  monitors: {
    "data-drift": { windowDays: 7, threshold: 2.5 },
    "prediction-drift": { windowDays: 7, threshold: 0.3 },
    performance: { windowDays: 14, threshold: 0.75 },
    "data-quality": { windowDays: 7, threshold: 0.01 },
    "responsible-ai": { windowDays: 28, threshold: 0.25 },
  },
};
