import type { Service } from "../azure/service.ts";
import type { Clock } from "../clock.ts";
import { createLabelling } from "./labelling/index.ts";
import { languageNature } from "./language/nature.ts";
import { visionNature } from "./vision/nature.ts";

/** The labelling queue of the worlds here: where the demonstration plays the annotator, it knows what they know. */
export function createWorldLabelling(options: { readonly data: string; readonly clock: Clock }): Service {
  const streams = [visionNature(), languageNature()];
  const truthOf = (id: string) =>
    streams.map((stream) => stream.truthOf(id)).find((truth) => truth !== undefined);
  return createLabelling({ ...options, truthOf }).service;
}
