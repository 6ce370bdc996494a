import type { PartitionContext, ReceivedEventData } from "@azure/event-hubs";
import { messageOf } from "../errors.ts";
import type { TriggerContext } from "./context.ts";
import { type EventHubPayload, eventBatch, singleEvent } from "./event-hubs-data.ts";
import { isBatch } from "./payload.ts";
import { invokeWithRetry, retryPolicyOf } from "./retry.ts";

/** Runs the function over the batches of each partition, one after another, and sets the checkpoints. */
export class PartitionReader {
  readonly #context: TriggerContext;
  readonly #signal: AbortSignal;
  /** Batches since the last checkpoint, and the event it would be set at, by partition. */
  readonly #pending = new Map<string, { batches: number; event: ReceivedEventData }>();
  /** Events of a batch that is still too small, by partition; nothing has been done with them yet. */
  readonly #held = new Map<string, { events: ReceivedEventData[]; until: number; cancelWait: () => void }>();
  /** The last thing that a partition has to do. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(context: TriggerContext, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
  }

  process(events: readonly ReceivedEventData[], partition: PartitionContext): Promise<void> {
    return this.#then(partition, async () => {
      for (const batch of this.#gather(events, partition)) await this.#processBatch(batch, partition);
    });
  }

  /** Waits for no batch any more; what was held comes again after the next start, being before no checkpoint. */
  forget(): void {
    for (const { cancelWait } of this.#held.values()) cancelWait();
    this.#held.clear();
  }

  /** One after another within the partition. */
  #then({ partitionId }: PartitionContext, work: () => Promise<void>): Promise<void> {
    const done = (this.#last.get(partitionId) ?? Promise.resolve()).then(work);
    this.#last.set(
      partitionId,
      done.catch(() => {}),
    );
    return done;
  }

  /** Keeps back what is less than `minEventBatchSize`, until `maxWaitTime` is over. */
  #gather(events: readonly ReceivedEventData[], partition: PartitionContext): readonly ReceivedEventData[][] {
    const { clock, definition, host } = this.#context;
    const { minEventBatchSize, maxEventBatchSize, maxWaitTime } = host.extensions.eventHubs;
    const held = this.#held.get(partition.partitionId);
    held?.cancelWait();
    this.#held.delete(partition.partitionId);
    const all = [...(held?.events ?? []), ...events];
    const batches: ReceivedEventData[][] = [];
    while (all.length >= maxEventBatchSize) batches.push(all.splice(0, maxEventBatchSize));
    const until = held && batches.length === 0 ? held.until : clock.now() + maxWaitTime;
    const isWhole = !isBatch(definition.trigger) || all.length >= minEventBatchSize;
    if (all.length > 0 && (isWhole || clock.now() >= until)) batches.push(all);
    else if (all.length > 0) {
      const cancelWait = clock.after(until - clock.now(), () => void this.#endWait(partition));
      this.#held.set(partition.partitionId, { events: all, until, cancelWait });
    }
    return batches;
  }

  async #endWait(partition: PartitionContext): Promise<void> {
    try {
      await this.process([], partition);
    } catch (error) {
      const { definition, log } = this.#context;
      log("warning", "Host.Listeners.EventHubs", `Function '${definition.name}': ${messageOf(error)}`);
    }
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
