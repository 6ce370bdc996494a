import { app, type InvocationContext } from "@azure/functions";
import { z } from "zod";
import { parseSafely, receive } from "../shared/inbox/receive.ts";
import type { Services } from "../shared/services.ts";
import { rejected } from "../shared/signals/outcome.ts";
import { type ExportBatch, parseExport } from "../shared/signals/parse-export.ts";
import { readJson } from "../shared/signals/payload.ts";
import { countTraffic, type TrafficEvent } from "../shared/traffic/count-traffic.ts";
import { judgeTraffic } from "../shared/traffic/judge-traffic.ts";
import { services } from "./services.ts";

export type Traffic = Pick<
  Services,
  "traffic" | "policies" | "models" | "inbox" | "signals" | "now" | "config"
>;

/** What the trigger tells about a batch: see the host's Event Hubs metadata. */
const Metadata = z.object({
  partitionContext: z.object({ partitionId: z.coerce.string() }),
  sequenceNumberArray: z.array(z.coerce.number()),
});

/**
 * Door for what endpoints stream: the traffic log and the metrics of a diagnostic setting, predictions and their later
 * truths, findings of Defender. Requests and pairs are counted into windows, each once; a window beyond its limits
 * becomes a signal. A record that cannot be read is kept in the inbox with its message, byte for byte, and the
 * partition goes on. Records that were read are not kept: their windows are.
 *
 * Throws only when something could not be stored: the trigger then runs the same batch again, until it can be.
 */
export async function endpointTraffic(
  messages: unknown,
  context: InvocationContext,
  adapters: Traffic = services(),
): Promise<void> {
  const { partitionContext, sequenceNumberArray } = Metadata.parse(context.triggerMetadata);
  const bodies = z.array(z.unknown()).parse(messages).map(bytesOf);
  const events: TrafficEvent[] = [];
  for (const [index, body] of bodies.entries()) {
    const batch = parseMessage(body);
    await keepOutcomes(body, batch, adapters);
    events.push({ sequence: sequenceNumberArray[index] ?? -1, batch });
  }
  const partition = partitionContext.partitionId;
  const { endpoints, refused } = await countTraffic(partition, events, adapters);
  for (const { by, field, reason } of refused) {
    const index = events.findIndex(({ sequence }) => by === `${partition}:${sequence}`);
    const body = bodies[index];
    if (body) await receive("endpoint-traffic", body, rejected("export/count", field, reason), adapters);
  }
  for (const endpoint of endpoints) {
    const signals = await judgeTraffic(endpoint, adapters);
    for (const { id, kind, state } of signals)
      context.info("signal published", { id, kind, state, endpoint });
  }
}

const UNREADABLE: ExportBatch = { requests: [], latencies: [], inferences: [], outcomes: [], skipped: 0 };

/** One message; lines of JSON are one too. */
function parseMessage(body: Uint8Array): ExportBatch {
  let batch = UNREADABLE;
  const failed = parseSafely(() => {
    const read = readJson("export", body);
    if ("refusal" in read && body.byteLength === 0) return read.refusal;
    batch = parseExport("value" in read ? read.value : Buffer.from(body).toString("utf8"));
    return { outcome: "handshake", rule: "" };
  });
  return failed.outcome === "rejected" ? { ...UNREADABLE, outcomes: [failed] } : batch;
}

/** One entry for a message: what could not be read, its signals, or both. */
async function keepOutcomes(body: Uint8Array, { outcomes }: ExportBatch, adapters: Traffic): Promise<void> {
  const bad = outcomes.filter((outcome) => outcome.outcome === "rejected");
  const found = outcomes.filter((outcome) => outcome.outcome === "signal");
  const signals = found.flatMap((outcome) => outcome.signals);
  const [first] = bad;
  if (first) {
    const more = bad.length === 1 ? "" : `; ${bad.length - 1} more of its records cannot be read either`;
    const outcome = { ...first, reason: `${first.reason}${more}` };
    await receive("endpoint-traffic", body, outcome, adapters, signals);
  } else if (found[0]) {
    await receive("endpoint-traffic", body, { ...found[0], signals }, adapters);
  }
}

const bytesOf = (message: unknown): Uint8Array =>
  message instanceof Uint8Array
    ? message
    : Buffer.from(typeof message === "string" ? message : JSON.stringify(message));

/** Bytes, so that one message that is no JSON does not fail the batch before it gets here, and none is rewritten. */
const TRIGGER = {
  connection: "OUTERLOOP_EVENT_HUBS",
  eventHubName: "endpoint-traffic",
  cardinality: "many" as const,
  dataType: "binary",
};

app.eventHub("endpointTraffic", {
  ...TRIGGER,
  // Without a policy the trigger skips a batch that failed; with this one it waits until it can be stored.
  retry: {
    strategy: "exponentialBackoff",
    maxRetryCount: -1,
    minimumInterval: { seconds: 2 },
    maximumInterval: { minutes: 1 },
  },
  handler: (messages, context) => endpointTraffic(messages, context),
});
