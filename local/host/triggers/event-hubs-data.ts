import type { PartitionContext, ReceivedEventData } from "@azure/event-hubs";
import type { Binding, TypedData } from "../contract.ts";
import { batchValue, bodyBytes, bodyProperties, singleValue, toJson, utcWithoutZone } from "./payload.ts";

export interface EventHubPayload {
  readonly triggerData: TypedData;
  readonly triggerMetadata: Record<string, TypedData>;
}

type CheckpointingPartition = Pick<
  PartitionContext,
  "fullyQualifiedNamespace" | "eventHubName" | "consumerGroup" | "partitionId"
> & {
  /** Whether a checkpoint follows the batch that the function is called for. */
  readonly isCheckpointing: boolean;
};

export function singleEvent(
  trigger: Binding,
  event: ReceivedEventData,
  partition: CheckpointingPartition,
): EventHubPayload {
  const body = bodyBytes(event.body);
  return {
    triggerData: singleValue(trigger, body),
    triggerMetadata: {
      ...partitionMetadata(partition),
      ...(event.partitionKey !== null && { partitionKey: { string: event.partitionKey } }),
      offset: { string: event.offset },
      sequenceNumber: toJson(event.sequenceNumber),
      enqueuedTimeUtc: toJson(utcWithoutZone(event.enqueuedTimeUtc)),
      properties: toJson(event.properties ?? {}),
      systemProperties: toJson(systemProperties(event)),
      ...bodyProperties(body),
    },
  };
}

/** @throws {Error} when a body cannot be delivered as the trigger asks */
export function eventBatch(
  trigger: Binding,
  events: readonly ReceivedEventData[],
  partition: CheckpointingPartition,
): EventHubPayload {
  return {
    triggerData: batchValue(
      trigger,
      events.map((event) => bodyBytes(event.body)),
    ),
    triggerMetadata: {
      ...partitionMetadata(partition),
      partitionKeyArray: {
        collectionString: { string: events.map((event) => event.partitionKey ?? "").filter(Boolean) },
      },
      offsetArray: { collectionString: { string: events.map((event) => event.offset) } },
      sequenceNumberArray: { collectionSint64: { sint64: events.map((event) => event.sequenceNumber) } },
      enqueuedTimeUtcArray: toJson(events.map((event) => utcWithoutZone(event.enqueuedTimeUtc))),
      propertiesArray: toJson(events.map((event) => event.properties ?? {})),
      systemPropertiesArray: toJson(events.map(systemProperties)),
    },
  };
}

function partitionMetadata(partition: CheckpointingPartition): Record<string, TypedData> {
  const context = toJson({
    fullyQualifiedNamespace: partition.fullyQualifiedNamespace,
    eventHubName: partition.eventHubName,
    consumerGroup: partition.consumerGroup,
    partitionId: partition.partitionId,
    isCheckpointingAfterInvocation: partition.isCheckpointing,
  });
  return { partitionContext: context, triggerPartitionContext: context };
}

function systemProperties(event: ReceivedEventData) {
  return {
    sequenceNumber: event.sequenceNumber,
    offset: event.offset,
    partitionKey: event.partitionKey,
    enqueuedTimeUtc: utcWithoutZone(event.enqueuedTimeUtc),
  };
}
