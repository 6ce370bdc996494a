import { isRecord } from "../shared/signals/fields.ts";
import { ignored, type ParseOutcome, rejected } from "../shared/signals/outcome.ts";
import { parseBudgetAlert, parseModelEvent, parseMonitorAlert } from "../shared/signals/parse.ts";
import { parseExport } from "../shared/signals/parse-export.ts";
import { messageOf } from "./files.ts";

export const DOORS = ["model-events", "alerts", "budget", "endpoint-traffic"] as const;
export type Door = (typeof DOORS)[number];

/** Reads bytes as a door does: one outcome for each event that they hold. */
const READERS: Record<Door, (body: unknown, receivedAt: Date) => ParseOutcome[]> = {
  // The host hands events of a delivery to the door one by one.
  "model-events": (body) => (Array.isArray(body) && body.length > 1 ? body : [body]).map(parseModelEvent),
  alerts: (body, receivedAt) => [parseMonitorAlert(body, receivedAt)],
  budget: (body, receivedAt) => [parseBudgetAlert(body, receivedAt)],
  "endpoint-traffic": exported,
};

/**
 * What a payload becomes at a door. Never throws.
 *
 * @param door - undefined when it is to be recognised from the body
 * @returns the door, null when none takes such a body, and at least one outcome
 */
export function readPayload(
  bytes: Buffer,
  door: Door | undefined,
  receivedAt: Date,
): { door: Door | null; outcomes: ParseOutcome[] } {
  const text = bytes.toString("utf8");
  const body = parsed(text);
  if (body instanceof SyntaxError) {
    // Diagnostic settings also send lines of JSON.
    if (door === "endpoint-traffic" || isLines(text)) {
      return { door: "endpoint-traffic", outcomes: exported(text) };
    }
    const reason = `expected JSON, found what cannot be parsed: ${messageOf(body)}`;
    return { door: door ?? null, outcomes: [rejected("json", "", reason)] };
  }
  const found = door ?? recognisedDoor(body);
  if (found === null) {
    const reason = "no door is known to take such a body; --door names one";
    return { door: null, outcomes: [rejected("door", "", reason)] };
  }
  return { door: found, outcomes: READERS[found](body, receivedAt) };
}

/** The door that a body is meant for, by the fields that only its senders write. */
export function recognisedDoor(body: unknown): Door | null {
  const one: unknown = Array.isArray(body) ? body[0] : body;
  if (!isRecord(one)) return null;
  if ("eventType" in one || ("specversion" in one && "type" in one)) return "model-events";
  if (Array.isArray(body)) return isExported(one) ? "endpoint-traffic" : null;
  const data = isRecord(one.data) ? one.data : {};
  const essentials = isRecord(data.essentials) ? data.essentials : {};
  if (one.schemaId === "AIP Budget Notification" || essentials.monitoringService === "CostAlerts")
    return "budget";
  if ("schemaId" in one || "essentials" in data || ("status" in one && "context" in one)) return "alerts";
  return isExported(one) ? "endpoint-traffic" : null;
}

const isExported = (one: Record<string, unknown>): boolean =>
  Array.isArray(one.records) ||
  "category" in one ||
  "metricName" in one ||
  "assessmentEventDataEnrichment" in one ||
  /subassessments$/i.test(String(one.type));

function isLines(text: string): boolean {
  const [first = "", second = ""] = text.split("\n", 2);
  return second.trim() !== "" && isRecord(parsed(first));
}

function exported(message: unknown): ParseOutcome[] {
  const { requests, outcomes, skipped } = parseExport(message);
  const read: ParseOutcome[] = [...outcomes];
  if (requests.length > 0) {
    const reason = `requests of the traffic log are counted, here ${requests.length}: a window of them, not one, becomes a signal`;
    read.push(ignored("export/traffic-log", reason));
  }
  if (skipped > 0 || read.length === 0) {
    read.push(ignored("export/other", `metrics and logs that no rule reads: ${skipped}`));
  }
  return read;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    return error;
  }
}
