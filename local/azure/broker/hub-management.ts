import rhea from "rhea";
import type { Clock } from "../../clock.ts";
import type { Entities } from "./entities.ts";
import type { Hub } from "./hub.ts";
import { refusals } from "./refusal.ts";
import { type Answer, type Reply, replies } from "./request-reply.ts";

const { wrap_array, wrap_int, wrap_long, wrap_timestamp } = rhea.types;
const STRING = 0xa1;

const HUB = "com.microsoft:eventhub";
const PARTITION = "com.microsoft:partition";

/** The `$management` node of all event hubs: a READ names the hub, and for one partition its id. */
export function hubManagement(entities: Entities): Answer {
  return ({ operation, properties }, reply) => {
    const name = String(properties.name ?? "");
    const entity = entities.find(name);
    if (operation !== "READ") reply(replies.unknown(operation));
    else if (entity?.kind !== "hub") reply(replies.refused(refusals.notFound(name)));
    else if (properties.type === PARTITION) reply(readPartition(entity.hub, String(properties.partition)));
    else if (properties.type === HUB) reply(readHub(entity.hub));
    else
      reply(
        replies.badRequest(
          `READ has the type '${String(properties.type)}', expected ${HUB} or ${PARTITION}.`,
        ),
      );
  };
}

function readHub(hub: Hub): Reply {
  return replies.ok({
    name: hub.name,
    type: HUB,
    created_at: wrap_timestamp(hub.createdAt),
    partition_count: wrap_int(hub.partitionIds.length),
    partition_ids: wrap_array(hub.partitionIds, STRING, undefined),
  });
}

function readPartition(hub: Hub, id: string): Reply {
  if (!hub.hasPartition(id)) return replies.refused(refusals.noPartition(hub.name, id));
  const last = hub.last(Number(id));
  return replies.ok({
    name: hub.name,
    type: PARTITION,
    partition: id,
    begin_sequence_number: wrap_long(last.seq < 0 ? -1 : 0),
    last_enqueued_sequence_number: wrap_long(last.seq),
    last_enqueued_offset: String(last.seq),
    last_enqueued_time_utc: wrap_timestamp(last.enqueuedAt),
    is_partition_empty: last.seq < 0,
  });
}

/** What a reader is told about the end of its partition, when it asked for it. */
export function runtimeMetrics(hub: Hub, partition: number, clock: Clock): Record<string, unknown> {
  const last = hub.last(partition);
  return {
    last_enqueued_sequence_number: wrap_long(last.seq),
    last_enqueued_offset: String(last.seq),
    last_enqueued_time_utc: wrap_timestamp(last.enqueuedAt),
    runtime_info_retrieval_time_utc: wrap_timestamp(clock.now()),
  };
}
