import { app, type InvocationContext } from "@azure/functions";
import * as z from "zod";
import { receive } from "../shared/inbox/receive.ts";
import type { Services } from "../shared/services.ts";
import { rejected } from "../shared/signals/outcome.ts";
import type { Signal } from "../shared/signals/signal.ts";
import { countTraffic, type TrafficEvent } from "../shared/traffic/count-traffic.ts";
import { judgeTraffic } from "../shared/traffic/judge-traffic.ts";
import { parseMessage } from "../shared/traffic/parse-message.ts";
import { services } from "./services.ts";

export type Traffic = Pick<
  Services,
  "traffic" | "policies" | "models" | "inbox" | "signals" | "now" | "config"
>;

const DOOR = "endpoint-traffic";

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
  const events: ReadEvent[] = [];
  for (const [index, body] of bodies.entries()) {
    const { batch, outcome, alongside } = parseMessage(body);
    if (outcome.outcome !== "ignored") await receive(DOOR, body, outcome, adapters, alongside);
    events.push({ sequence: sequenceNumberArray[index] ?? -1, batch, body });
  }
  const signals = await takeTraffic(partitionContext.partitionId, events, adapters);
  for (const { id, kind, state, subject } of signals) {
    context.info("signal published", { id, kind, state, endpoint: subject.endpoint });
  }
}

type ReadEvent = TrafficEvent & { readonly body: Uint8Array };

/** Counts events that were read, keeps those that cannot be counted, and judges the windows that they close. */
export async function takeTraffic(
  partition: string,
  events: readonly ReadEvent[],
  adapters: Traffic,
): Promise<Signal[]> {
  const { endpoints, refused } = await countTraffic(partition, events, adapters);
  for (const { by, field, reason } of refused) {
    const event = events.find(({ sequence }) => by === `${partition}:${sequence}`);
    if (event) await receive(DOOR, event.body, rejected("export/count", field, reason), adapters);
  }
  const signals: Signal[] = [];
  for (const endpoint of endpoints) signals.push(...(await judgeTraffic(endpoint, adapters)));
  return signals;
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

/** Event Hubs is optional: without a setting for it there is nothing to listen to. */
const isConnected = [TRIGGER.connection, `${TRIGGER.connection}__fullyQualifiedNamespace`].some(
  (name) => process.env[name],
);

if (isConnected) {
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
}
