import { isAlert } from "../shared/signals/alert-schemas.ts";
import { PAYLOAD_DOORS, parseAtDoor } from "../shared/signals/doors.ts";
import { isRecord } from "../shared/signals/fields.ts";
import { type ParseOutcome, rejected, signalled } from "../shared/signals/outcome.ts";
import { parseModelEvent } from "../shared/signals/parse.ts";
import { readJson } from "../shared/signals/payload.ts";
import { parseMessage } from "../shared/traffic/parse-message.ts";

export const DOORS = [...PAYLOAD_DOORS, "endpoint-traffic"] as const;
export type Door = (typeof DOORS)[number];

/**
 * What a payload becomes at a door, by the door's own parser. Never throws.
 *
 * @param door - undefined when it is to be recognised from the body
 * @returns the door, null when none takes such a body, and at least one outcome
 */
export function readPayload(
  bytes: Uint8Array,
  door: Door | undefined,
  receivedAt: Date,
): { door: Door | null; outcomes: ParseOutcome[] } {
  const json = readJson("json", bytes);
  const found = door ?? ("value" in json ? recognisedDoor(json.value) : doorOfLines(bytes));
  if (found === null) {
    const refusal = rejected("door", "", "no door is known to take such a body; --door names one");
    return { door: null, outcomes: ["refusal" in json ? json.refusal : refusal] };
  }
  if (found === "endpoint-traffic") return { door: found, outcomes: messageOutcomes(bytes) };
  // The host hands the events of one delivery to the door one by one.
  const events: unknown = "value" in json && found === "model-events" ? json.value : null;
  if (Array.isArray(events) && events.length > 1)
    return { door: found, outcomes: events.map((event) => parseModelEvent(event)) };
  return { door: found, outcomes: [parseAtDoor(found, bytes, receivedAt)] };
}

function messageOutcomes(bytes: Uint8Array): ParseOutcome[] {
  const { outcome, alongside } = parseMessage(bytes);
  return alongside.length === 0 ? [outcome] : [outcome, signalled(outcome.rule, ...alongside)];
}

/** Diagnostic settings also send lines of JSON. */
function doorOfLines(bytes: Uint8Array): Door | null {
  const [first = "", second = ""] = Buffer.from(bytes).toString("utf8").split("\n", 2);
  const line = readJson("json", Buffer.from(first));
  return second.trim() !== "" && "value" in line && isRecord(line.value) ? "endpoint-traffic" : null;
}

/** The door that a body is meant for, by the fields that only its senders write. */
export function recognisedDoor(body: unknown): Door | null {
  const one: unknown = Array.isArray(body) ? body[0] : body;
  if (!isRecord(one)) return null;
  // A dead-lettered CloudEvent has lost the field that tells it from others.
  const isCloudEvent = "specversion" in one || "deadletterreason" in one;
  if ("eventType" in one || (isCloudEvent && "type" in one)) return "model-events";
  if (Array.isArray(body)) return isExported(one) ? "endpoint-traffic" : null;
  const data = isRecord(one.data) ? one.data : {};
  const essentials = isRecord(data.essentials) ? data.essentials : {};
  if (one.schemaId === "AIP Budget Notification" || essentials.monitoringService === "CostAlerts")
    return "budget";
  if ("schemaId" in one || "essentials" in data || isAlert(one)) return "alerts";
  return isExported(one) ? "endpoint-traffic" : null;
}

const isExported = (one: Record<string, unknown>): boolean =>
  Array.isArray(one.records) ||
  "category" in one ||
  "metricName" in one ||
  "assessmentEventDataEnrichment" in one ||
  "securityEventDataEnrichment" in one ||
  /subassessments$/i.test(String(one.type));
