import { annotationPlay } from "../annotation-play.ts";
import { visionNature } from "./nature.ts";
import { VISION_SETTINGS } from "./settings.ts";

export const play = annotationPlay(
  "A model of handwritten digits; from day 15 the camera turns and its picture gets noisy.",
  visionNature,
  VISION_SETTINGS,
);
