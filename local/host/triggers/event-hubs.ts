import { setTimeout as delay } from "node:timers/promises";
import { EventHubConsumerClient, type EventPosition } from "@azure/event-hubs";
import { messageOf } from "../errors.ts";
import { connectionString } from "../settings/app-settings.ts";
import type { EventHubsOptions } from "../settings/host-json.ts";
import { SqliteCheckpointStore } from "./checkpoint-store.ts";
import { type Listener, settled, type TriggerContext, textOption } from "./context.ts";
import { PartitionReader } from "./event-hubs-reader.ts";

/** How soon a hub that could not be reached is asked again, in ms. */
const RETRY_MS = 1000;

/**
 * Reads all partitions of a hub, each strictly in order, and runs the function for events or batches.
 * The checkpoint follows each n-th batch whether the function succeeded or not.
 *
 * @throws {Error} when the trigger or its connection setting is incomplete
 */
export function startEventHub(context: TriggerContext): Listener {
  const { definition, settings, host, database, log } = context;
  const options = host.extensions.eventHubs;
  const hub = textOption(context, "eventHubName");
  const consumerGroup = String(definition.trigger.consumerGroup ?? "$Default");
  const connection = connectionString(textOption(context, "connection"), settings);
  const client = new EventHubConsumerClient(
    consumerGroup,
    connection,
    hub,
    new SqliteCheckpointStore(database),
    {
      loadBalancingOptions: { strategy: "greedy", updateIntervalInMs: 2000 },
    },
  );
  const stopping = new AbortController();
  const reader = new PartitionReader(context, stopping.signal);
  let last = "";
  const report = (error: unknown) => {
    const line = `Function '${definition.name}' cannot read '${hub}': ${messageOf(error)}. It keeps trying.`;
    if (line !== last && !stopping.signal.aborted) log("warning", "Host.Listeners.EventHubs", line);
    last = line;
  };
  let stopReading: () => Promise<void> = async () => {};
  const ready = waitUntilReachable(client, stopping.signal, report).then(() => {
    if (stopping.signal.aborted) return;
    const subscription = client.subscribe(
      {
        processEvents: (events, partition) => reader.process(events, partition),
        processError: async (error) => report(error),
        processClose: async (_, partition) => reader.close(partition),
      },
      {
        maxBatchSize: options.maxEventBatchSize,
        maxWaitTimeInSeconds: Math.max(1, options.maxWaitTime / 1000),
        prefetchCount: options.prefetchCount,
        startPosition: startPosition(options),
        skipParsingBodyAsJson: true,
      },
    );
    stopReading = () => subscription.close();
  });
  return {
    ready,
    async stop() {
      stopping.abort();
      await ready;
      reader.forget();
      await settled([stopReading()]);
      await client.close();
    },
  };
}

async function waitUntilReachable(
  client: EventHubConsumerClient,
  signal: AbortSignal,
  report: (error: unknown) => void,
) {
  while (!signal.aborted) {
    try {
      await client.getPartitionIds({ abortSignal: signal });
      return;
    } catch (error) {
      report(error);
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

function startPosition({ initialOffsetOptions }: EventHubsOptions): EventPosition {
  const { type, enqueuedTimeUtc } = initialOffsetOptions;
  if (type === "fromEnd") return { offset: "@latest" };
  if (type === "fromEnqueuedTime" && enqueuedTimeUtc) return { enqueuedOn: new Date(enqueuedTimeUtc) };
  return { offset: "-1" };
}
