import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { HostJson } from "../settings/host-json.ts";

/**
 * Receives up to `maxMessageBatchSize` messages. Below `minMessageBatchSize` it waits for more, as long as `maxBatchWaitTime`
 * allows, but no longer than half of what is left of the first message's lock.
 *
 * @param waitMs - how long it waits for the first one
 * @throws when the signal aborts before a first message has come
 */
export async function receiveBatch(
  receiver: ServiceBusReceiver,
  { maxMessageBatchSize, minMessageBatchSize, maxBatchWaitTime }: HostJson["extensions"]["serviceBus"],
  waitMs: number,
  abortSignal: AbortSignal,
): Promise<ServiceBusReceivedMessage[]> {
  const first = { maxWaitTimeInMs: waitMs, abortSignal };
  const batch = await receiver.receiveMessages(maxMessageBatchSize, first);
  const lockedUntil = batch[0]?.lockedUntilUtc?.getTime() ?? Number.POSITIVE_INFINITY;
  const until = Date.now() + Math.min(maxBatchWaitTime, (lockedUntil - Date.now()) / 2);
  while (batch.length > 0 && batch.length < minMessageBatchSize) {
    const maxWaitTimeInMs = until - Date.now();
    if (maxWaitTimeInMs <= 0 || abortSignal.aborted) break;
    try {
      const room = maxMessageBatchSize - batch.length;
      batch.push(...(await receiver.receiveMessages(room, { maxWaitTimeInMs, abortSignal })));
    } catch {
      // what has come already is worth more than the reason: the next receive meets it again
      break;
    }
  }
  return batch;
}
