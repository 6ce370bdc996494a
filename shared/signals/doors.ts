import type { ParseOutcome } from "./outcome.ts";
import { parseBudgetAlert, parseModelEvent, parseMonitorAlert } from "./parse.ts";
import { readJson } from "./payload.ts";

/** Doors that get one payload at a time, as the inbox names them. */
export const PAYLOAD_DOORS = ["model-events", "alerts", "budget"] as const;
export type PayloadDoor = (typeof PAYLOAD_DOORS)[number];

const PARSERS: Record<PayloadDoor, (value: unknown, receivedAt: Date) => ParseOutcome> = {
  "model-events": parseModelEvent,
  alerts: parseMonitorAlert,
  budget: parseBudgetAlert,
};

/** What a door makes of a payload's bytes. */
export function parseAtDoor(door: PayloadDoor, bytes: Uint8Array, receivedAt: Date): ParseOutcome {
  const read = readJson(door, bytes);
  return "refusal" in read ? read.refusal : PARSERS[door](read.value, receivedAt);
}
