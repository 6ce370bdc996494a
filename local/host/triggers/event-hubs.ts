import { setTimeout as delay } from "node:timers/promises";
import {
  EventHubConsumerClient,
  type EventPosition,
  type PartitionContext,
  type ReceivedEventData,
} from "@azure/event-hubs";
import { messageOf } from "../errors.ts";
import { connectionString } from "../settings/app-settings.ts";
import type { EventHubsOptions } from "../settings/host-json.ts";
import { SqliteCheckpointStore } from "./checkpoint-store.ts";
import { type Listener, settled, type TriggerContext, textOption } from "./context.ts";
import { type EventHubPayload, eventBatch, singleEvent } from "./event-hubs-data.ts";
import { isBatch } from "./payload.ts";
import { invokeWithRetry, retryPolicyOf } from "./retry.ts";

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

/** Runs the function over the batches of each partition and sets the checkpoints. */
class PartitionReader {
  readonly #context: TriggerContext;
  readonly #signal: AbortSignal;
  /** Batches since the last checkpoint, and the event it would be set at, by partition. */
  readonly #pending = new Map<string, { batches: number; event: ReceivedEventData }>();

  /** Events of a batch that is still too small, by partition; nothing has been done with them yet. */
  readonly #held = new Map<string, { events: ReceivedEventData[]; since: number }>();

  constructor(context: TriggerContext, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
  }

  async process(events: readonly ReceivedEventData[], partition: PartitionContext): Promise<void> {
    for (const batch of this.#gather(events, partition.partitionId))
      await this.#processBatch(batch, partition);
  }

  /** Keeps back what is less than `minEventBatchSize`, until `maxWaitTime` is over. Without events, the wait is over. */
  #gather(events: readonly ReceivedEventData[], partitionId: string): readonly ReceivedEventData[][] {
    const { minEventBatchSize, maxEventBatchSize, maxWaitTime } = this.#context.host.extensions.eventHubs;
    const held = this.#held.get(partitionId) ?? { events: [], since: Date.now() };
    this.#held.delete(partitionId);
    const all = [...held.events, ...events];
    const batches: ReceivedEventData[][] = [];
    while (all.length >= maxEventBatchSize) batches.push(all.splice(0, maxEventBatchSize));
    const isOver = events.length === 0 || Date.now() - held.since >= maxWaitTime;
    const isWhole = !isBatch(this.#context.definition.trigger) || all.length >= minEventBatchSize;
    if (all.length > 0 && (isWhole || isOver)) batches.push(all);
    else if (all.length > 0) {
      this.#held.set(partitionId, { events: all, since: batches.length > 0 ? Date.now() : held.since });
    }
    return batches;
  }

  async #processBatch(events: readonly ReceivedEventData[], partition: PartitionContext): Promise<void> {
    const last = events.at(-1);
    if (!last || this.#signal.aborted) return;
    const { trigger } = this.#context.definition;
    const batches = (this.#pending.get(partition.partitionId)?.batches ?? 0) + 1;
    const { batchCheckpointFrequency } = this.#context.host.extensions.eventHubs;
    const isCheckpointing = batches >= batchCheckpointFrequency;
    const { fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId } = partition;
    const source = { fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, isCheckpointing };
    if (isBatch(trigger)) await this.#invoke(() => eventBatch(trigger, events, source), partition);
    else {
      for (const event of events) {
        if (this.#signal.aborted) return;
        await this.#invoke(() => singleEvent(trigger, event, source), partition);
      }
    }
    this.#pending.set(partitionId, { batches, event: last });
    if (isCheckpointing) await this.#checkpoint(partition);
  }

  /** A graceful close also sets the checkpoint that a frequency above 1 has put off. */
  async close(partition: PartitionContext): Promise<void> {
    if (this.#pending.has(partition.partitionId)) await this.#checkpoint(partition);
  }

  async #checkpoint(partition: PartitionContext): Promise<void> {
    const pending = this.#pending.get(partition.partitionId);
    this.#pending.delete(partition.partitionId);
    if (pending) await partition.updateCheckpoint(pending.event);
  }

  async #invoke(toPayload: () => EventHubPayload, partition: PartitionContext): Promise<void> {
    const { definition, worker, clock, host, log } = this.#context;
    try {
      const invocation = {
        functionName: definition.name,
        reason: `(null) Partition: ${partition.partitionId}`,
        ...toPayload(),
      };
      const policy = retryPolicyOf(definition, host);
      const outcome = await invokeWithRetry(worker, clock, policy, invocation, this.#signal);
      if (outcome.succeeded || this.#signal.aborted) return;
      const line = `what it failed on in partition ${partition.partitionId} is lost: the checkpoint passes over it.`;
      const remedy = policy ? "The retry policy is exhausted." : "A retry policy would try it again first.";
      log("error", `Function.${definition.name}`, `Function '${definition.name}': ${line} ${remedy}`);
    } catch (error) {
      log("error", `Function.${definition.name}`, `Function '${definition.name}': ${messageOf(error)}`);
    }
  }
}
