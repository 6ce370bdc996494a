import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Checkpoint, CheckpointStore, PartitionOwnership } from "@azure/event-hubs";

/** Checkpoints in the host's state. Ownership stays in memory: one host is the only reader of its consumer groups. */
export class SqliteCheckpointStore implements CheckpointStore {
  readonly #database: DatabaseSync;
  readonly #ownerships = new Map<string, PartitionOwnership>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async listOwnership(namespace: string, hub: string, consumerGroup: string): Promise<PartitionOwnership[]> {
    return [...this.#ownerships.values()].filter(
      (each) =>
        each.fullyQualifiedNamespace === namespace &&
        each.eventHubName === hub &&
        each.consumerGroup === consumerGroup,
    );
  }

  async claimOwnership(wanted: PartitionOwnership[]): Promise<PartitionOwnership[]> {
    const claimed: PartitionOwnership[] = [];
    for (const ownership of wanted) {
      const key = ownershipKey(ownership);
      if (this.#ownerships.has(key) && this.#ownerships.get(key)?.etag !== ownership.etag) continue;
      const granted = { ...ownership, etag: randomUUID(), lastModifiedTimeInMs: Date.now() };
      this.#ownerships.set(key, granted);
      claimed.push(granted);
    }
    return claimed;
  }

  async updateCheckpoint(checkpoint: Checkpoint): Promise<void> {
    this.#database
      .prepare("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)")
      .run(
        checkpoint.fullyQualifiedNamespace.toLowerCase(),
        checkpoint.eventHubName.toLowerCase(),
        checkpoint.consumerGroup.toLowerCase(),
        checkpoint.partitionId,
        checkpoint.offset,
        checkpoint.sequenceNumber,
      );
  }

  async listCheckpoints(namespace: string, hub: string, consumerGroup: string): Promise<Checkpoint[]> {
    return this.#database
      .prepare(
        "SELECT partition, offset, sequence_number FROM checkpoints WHERE namespace = ? AND hub = ? AND consumer_group = ?",
      )
      .all(namespace.toLowerCase(), hub.toLowerCase(), consumerGroup.toLowerCase())
      .map((row) => ({
        fullyQualifiedNamespace: namespace,
        eventHubName: hub,
        consumerGroup,
        partitionId: String(row.partition),
        offset: String(row.offset),
        sequenceNumber: Number(row.sequence_number),
      }));
  }
}

function ownershipKey({
  fullyQualifiedNamespace,
  eventHubName,
  consumerGroup,
  partitionId,
}: PartitionOwnership): string {
  return JSON.stringify([fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId]);
}
