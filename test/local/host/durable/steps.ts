import { activity, type Payload } from "./harness.ts";

export const SECOND = 1000;
export const DAY = 86_400_000;

export const echo = activity((input) => input);
export const fail = activity((input) => {
  throw new Error(String(input));
});
export const later = (context: { df: { currentUtcDateTime: Date } }, ms: number) =>
  new Date(context.df.currentUtcDateTime.getTime() + ms);

/** Decisions in the last payload: kind by code, number. */
export const decided = (payload: Payload | undefined) =>
  (payload?.history ?? [])
    .filter((event) => [4, 7, 10, 14].includes(event.EventType))
    .map((event) => [event.EventType, event.EventId]);
