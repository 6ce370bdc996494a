import type { ParseOutcome } from "./outcome.ts";
import { parseBudgetAlert, parseModelEvent, parseMonitorAlert } from "./parse.ts";
import { readJson } from "./payload.ts";

/** Doors that get one payload at a time, as the inbox names them. */
export const PAYLOAD_DOORS = ["model-events", "alerts", "budget"] as const;
export type PayloadDoor = (typeof PAYLOAD_DOORS)[number];

type Parser = (value: unknown, receivedAt: Date, watched: string | undefined) => ParseOutcome;

const PARSERS: Record<PayloadDoor, Parser> = {
  "model-events": (event, _, watched) => parseModelEvent(event, watched),
  alerts: parseMonitorAlert,
  budget: parseBudgetAlert,
};

/**
 * What a door makes of a payload's bytes.
 *
 * @param watched - as in {@link parseModelEvent}
 */
export function parseAtDoor(
  door: PayloadDoor,
  bytes: Uint8Array,
  receivedAt: Date,
  watched?: string,
): ParseOutcome {
  const read = readJson(door, bytes);
  return "refusal" in read ? read.refusal : PARSERS[door](read.value, receivedAt, watched);
}
