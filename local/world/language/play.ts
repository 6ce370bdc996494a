import { annotationPlay } from "../annotation-play.ts";
import { languageNature } from "./nature.ts";
import { LANGUAGE_SETTINGS } from "./settings.ts";

export const play = annotationPlay(
  "A model that routes requests to a shop's desks; from day 15 customers ask about new things.",
  languageNature,
  LANGUAGE_SETTINGS,
);
