/** An event hub: an append-only log for each partition, read by position. Nothing is ever removed. */
import { createHash } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { HubConfig } from "./config.ts";
import type { Envelope } from "./message-codec.ts";
import type { Done } from "./queue-contract.ts";
import { refusals } from "./refusal.ts";
import type { EventRow, Store } from "./store.ts";

/** Told when a partition has grown. */
export interface Reader {
  onGrown(): void;
}

interface Partition {
  /** Last number given out, and the last one on disk: readers see no further. */
  assigned: number;
  committed: number;
  lastEnqueuedAt: number;
  readonly readers: Set<Reader>;
}

export class Hub {
  readonly name: string;
  readonly createdAt: number;
  readonly #path: string;
  readonly #partitions: Partition[];
  readonly #consumerGroups: Set<string>;
  readonly #store: Store;
  readonly #clock: Clock;
  #nextRoundRobin = 0;

  constructor(config: HubConfig, store: Store, clock: Clock) {
    this.name = config.name;
    this.createdAt = clock.now();
    this.#path = config.name.toLowerCase();
    this.#store = store;
    this.#clock = clock;
    this.#consumerGroups = new Set([
      "$default",
      ...config.consumerGroups.map((group) => group.toLowerCase()),
    ]);
    this.#partitions = Array.from({ length: config.partitionCount }, (_, index) => {
      const last = store.lastEvent(this.#path, index);
      const seq = last?.seq ?? -1;
      return {
        assigned: seq,
        committed: seq,
        lastEnqueuedAt: last?.enqueuedAt ?? 0,
        readers: new Set<Reader>(),
      };
    });
  }

  get partitionIds(): string[] {
    return this.#partitions.map((_, index) => String(index));
  }

  /** Events ever taken in, over all partitions. */
  get size(): number {
    return this.#partitions.reduce((sum, partition) => sum + partition.committed + 1, 0);
  }

  hasPartition(id: string): boolean {
    return this.partitionIds.includes(id);
  }

  hasConsumerGroup(name: string): boolean {
    return this.#consumerGroups.has(name.toLowerCase());
  }

  /** Events of one transfer without a partition of their own go to the same one: by key, or in turn. */
  choosePartition(partitionKey: string | null): number {
    if (partitionKey !== null) {
      const hash = createHash("sha256").update(partitionKey).digest().readUInt32BE(0);
      return hash % this.#partitions.length;
    }
    this.#nextRoundRobin = (this.#nextRoundRobin + 1) % this.#partitions.length;
    return this.#nextRoundRobin;
  }

  /** Appends events in their order; `done` is called once they are on disk. */
  append(index: number, envelopes: readonly Envelope[], done: Done): void {
    const partition = this.#partition(index);
    const enqueuedAt = this.#clock.now();
    for (const envelope of envelopes) {
      partition.assigned++;
      this.#store.appendEvent({
        hub: this.#path,
        partition: index,
        seq: partition.assigned,
        enqueuedAt,
        partitionKey: envelope.partitionKey,
        raw: envelope.raw,
      });
    }
    const last = partition.assigned;
    this.#store.afterCommit((error) => {
      if (!error) {
        partition.committed = last;
        partition.lastEnqueuedAt = enqueuedAt;
        for (const reader of [...partition.readers]) reader.onGrown();
      }
      done(error && refusals.storeFailed());
    });
  }

  /** Events from a sequence number on, as far as they are on disk. */
  read(index: number, fromSeq: number, limit: number): EventRow[] {
    return fromSeq > this.last(index).seq ? [] : this.#store.readEvents(this.#path, index, fromSeq, limit);
  }

  /** Number of the first event after a time, or of the next one to come. */
  firstAfter(index: number, time: number): number {
    return this.#store.firstEventAfter(this.#path, index, time) ?? this.last(index).seq + 1;
  }

  /** Number and time of the last event; -1 and 0 when there is none. */
  last(index: number): { readonly seq: number; readonly enqueuedAt: number } {
    const partition = this.#partition(index);
    return { seq: partition.committed, enqueuedAt: partition.lastEnqueuedAt };
  }

  addReader(index: number, reader: Reader): void {
    this.#partition(index).readers.add(reader);
  }

  removeReader(index: number, reader: Reader): void {
    this.#partition(index).readers.delete(reader);
  }

  #partition(index: number): Partition {
    const partition = this.#partitions[index];
    if (!partition) throw new RangeError(`Event hub '${this.name}' has no partition ${index}.`);
    return partition;
  }
}
