import { encodeMessage, fromRow, type QueuedMessage, toRow } from "./queued-message.ts";
import type { Store } from "./store.ts";

/** A new message, before it stands anywhere. */
export type NewMessage = Omit<QueuedMessage, "state" | "lock" | "lockedUntil" | "cancelTimer" | "deferred">;

/** The messages of one queue in memory and in the file, in the order of their sequence numbers. */
export class MessageFile {
  readonly #path: string;
  readonly #store: Store;
  readonly #messages = new Map<number, QueuedMessage>();
  #sequence: number;

  constructor(path: string, store: Store) {
    this.#path = path;
    this.#store = store;
    this.#sequence = store.sequenceOf(path);
    for (const row of store.messagesOf(path)) this.#messages.set(row.seq, fromRow(row));
  }

  get size(): number {
    return this.#messages.size;
  }

  get lastSequenceNumber(): number {
    return this.#sequence;
  }

  all(): QueuedMessage[] {
    return [...this.#messages.values()];
  }

  get(seq: number): QueuedMessage | undefined {
    return this.#messages.get(seq);
  }

  nextSequence(): number {
    this.#sequence++;
    this.#store.setSequence(this.#path, this.#sequence);
    return this.#sequence;
  }

  /** Takes a message in; it stays `pending` until its queue makes it available. */
  insert(fields: NewMessage): QueuedMessage {
    const message: QueuedMessage = {
      ...fields,
      deferred: false,
      state: "pending",
      lock: null,
      lockedUntil: 0,
      cancelTimer: null,
    };
    this.#messages.set(message.seq, message);
    this.update(message);
    return message;
  }

  update(message: QueuedMessage): void {
    this.#store.putMessage(toRow(this.#path, message));
  }

  /** Writes only whether the message is locked: a restart counts that as a delivery. */
  markLocked(message: QueuedMessage): void {
    this.#store.markLocked(this.#path, message.seq, message.state === "locked");
  }

  delete(message: QueuedMessage): void {
    this.forget(message);
    this.#store.deleteMessage(this.#path, message.seq);
  }

  /** Drops a message that never reached the file. */
  forget(message: QueuedMessage): void {
    this.#messages.delete(message.seq);
  }

  /** Messages from a sequence number on, in any state, encoded as a peek shows them: without a lock. */
  peek(fromSeq: number, limit: number, sessionId: string | null): Buffer[] {
    const found: Buffer[] = [];
    for (const message of this.#messages.values()) {
      if (found.length >= limit) break;
      if (message.seq < fromSeq || message.state === "pending") continue;
      if (sessionId !== null && message.sessionId !== sessionId) continue;
      found.push(encodeMessage({ ...message, state: message.state === "locked" ? "ready" : message.state }));
    }
    return found;
  }

  /** Scheduled messages by the numbers that their senders were given. */
  scheduled(numbers: readonly number[]): QueuedMessage[] {
    const wanted = new Set(numbers);
    return this.all().filter((message) => message.state === "scheduled" && wanted.has(message.enqueueSeq));
  }
}
