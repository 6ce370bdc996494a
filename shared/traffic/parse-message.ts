import * as z from "zod";
import { parseSafely } from "../inbox/receive.ts";
import { ignored, type ParseOutcome } from "../signals/outcome.ts";
import { type ExportBatch, parseExport } from "../signals/parse-export.ts";
import { readJson } from "../signals/payload.ts";
import { Signal } from "../signals/signal.ts";

/** One message of the hub, read: what is to be counted, and what the inbox says of it. */
export type TrafficMessage = {
  readonly batch: ExportBatch;
  /** Ignored when there is nothing but records to count. */
  readonly outcome: ParseOutcome;
  /** Signals of a message of which another record could not be read. */
  readonly alongside: readonly Signal[];
};

const NOTHING: ExportBatch = { requests: [], latencies: [], inferences: [], outcomes: [], skipped: 0 };

/** What a window's entry in the inbox holds: made here, so that it can be replayed. */
const WindowEntry = z.object({ window: z.looseObject({}), signals: z.array(Signal).min(1) });

/** Reads a message: JSON, lines of JSON, or the inbox's own entry of a window. Never throws. */
export function parseMessage(body: Uint8Array): TrafficMessage {
  let message: TrafficMessage = { batch: NOTHING, outcome: ignored("export", "nothing"), alongside: [] };
  const outcome = parseSafely(() => {
    message = read(body);
    return message.outcome;
  });
  return { ...message, outcome };
}

function read(body: Uint8Array): TrafficMessage {
  const json = readJson("export", body);
  if ("refusal" in json && !json.isOtherText) {
    return { batch: NOTHING, outcome: json.refusal, alongside: [] };
  }
  const value = "value" in json ? json.value : Buffer.from(body).toString("utf8");
  const own = WindowEntry.safeParse(value);
  if (own.success) {
    const { signals } = own.data;
    return { batch: NOTHING, outcome: { outcome: "signal", rule: "traffic/window", signals }, alongside: [] };
  }
  const batch = parseExport(value);
  return { batch, ...outcomeOf(batch) };
}

function outcomeOf({ outcomes, skipped, ...counted }: ExportBatch): Omit<TrafficMessage, "batch"> {
  const bad = outcomes.filter((outcome) => outcome.outcome === "rejected");
  const found = outcomes.filter((outcome) => outcome.outcome === "signal");
  const signals = found.flatMap((outcome) => outcome.signals);
  const [first] = bad;
  if (first) {
    const more = bad.length === 1 ? "" : `; ${bad.length - 1} more of its records cannot be read either`;
    return { outcome: { ...first, reason: `${first.reason}${more}` }, alongside: signals };
  }
  if (found[0]) return { outcome: { ...found[0], signals }, alongside: [] };
  const { requests, latencies, inferences } = counted;
  const records = requests.length + latencies.length + inferences.length;
  const passed = skipped + outcomes.length;
  const reason = `${records} records are counted into windows, ${passed} call for nothing`;
  return { outcome: ignored("export/counted", reason), alongside: [] };
}
