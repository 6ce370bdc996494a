/** One queue, subscription or dead-letter queue: the life of its messages, without a word of AMQP links. */
import type { Clock } from "../../clock.ts";
import { deadLetterReasons } from "./dead-letter-reasons.ts";
import { DuplicateWindow } from "./duplicates.ts";
import { type Envelope, withApplicationProperties } from "./message-codec.ts";
import { MessageFile } from "./message-file.ts";
import { MessageList } from "./message-list.ts";
import { MessageLocks } from "./message-locks.ts";
import type { Consumer, Done, QueueOptions, Settlement } from "./queue-contract.ts";
import { type Delivery, encodeMessage, type QueuedMessage } from "./queued-message.ts";
import { type Refusal, refusals } from "./refusal.ts";
import { type SessionHold, Sessions, type SessionWaiter } from "./sessions.ts";
import type { Store } from "./store.ts";

export class Queue {
  readonly options: QueueOptions;
  readonly deadLetters: Queue | null;
  readonly sessions: Sessions;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #messages: MessageFile;
  readonly #ready = new MessageList();
  readonly #locks: MessageLocks;
  readonly #consumers = new Set<Consumer>();
  readonly #duplicates: DuplicateWindow | null;
  readonly #sessionStates: Map<string, Uint8Array>;

  constructor(options: QueueOptions, store: Store, clock: Clock, deadLetters: Queue | null) {
    this.options = options;
    this.deadLetters = deadLetters;
    this.#store = store;
    this.#clock = clock;
    this.#locks = new MessageLocks(clock, options.lockMs, (message) => this.#giveBack(message, 1));
    this.sessions = new Sessions(clock, options.lockMs, (hold) => this.#loseSession(hold));
    const { duplicateWindowMs, path } = options;
    this.#duplicates =
      duplicateWindowMs === null ? null : new DuplicateWindow(path, duplicateWindowMs, store, clock);
    this.#sessionStates = store.sessionStatesOf(path);
    this.#messages = new MessageFile(path, store);
    for (const message of this.#messages.all()) this.#admit(message);
  }

  /** Messages held in any state. */
  get size(): number {
    return this.#messages.size;
  }

  get lastSequenceNumber(): number {
    return this.#messages.lastSequenceNumber;
  }

  /**
   * Takes a message in. It becomes visible, and `done` is called, once it is on disk.
   *
   * @param enqueueSeq - the topic's number for it, when it comes through one
   * @returns its sequence number; 0 for a duplicate, which is dropped and confirmed like any other
   */
  enqueue(envelope: Envelope, done: Done, enqueueSeq?: number): number {
    if (this.#duplicates?.isDuplicate(envelope.messageId)) {
      this.#store.afterCommit((error) => done(error && refusals.storeFailed()));
      return 0;
    }
    const now = this.#clock.now();
    const scheduledFor =
      envelope.scheduledFor !== null && envelope.scheduledFor > now ? envelope.scheduledFor : null;
    const ttlMs = smallest(envelope.ttlMs, this.options.defaultTtlMs);
    const seq = this.#messages.nextSequence();
    const message = this.#messages.insert({
      ...envelope,
      seq,
      enqueueSeq: enqueueSeq ?? seq,
      enqueuedAt: now,
      expiresAt: ttlMs === null ? null : (scheduledFor ?? now) + ttlMs,
      scheduledFor,
      deadLetterSource: null,
      deliveryCount: 0,
    });
    this.#store.afterCommit((error) => {
      if (error) this.#messages.forget(message);
      else this.#admit(message);
      done(error && refusals.storeFailed());
    });
    return seq;
  }

  addConsumer(consumer: Consumer): void {
    this.#consumers.add(consumer);
  }

  removeConsumer(consumer: Consumer): void {
    this.#consumers.delete(consumer);
  }

  /** Locks the next ready message of the queue, or of the session held, and hands it over. */
  lockNext(hold: SessionHold | null): Delivery | undefined {
    const message = hold ? this.sessions.takeFirst(hold) : this.#ready.takeFirst();
    return message && this.#lock(message, hold);
  }

  /** Hands the next ready message over and forgets it. */
  deleteNext(hold: SessionHold | null): Delivery | undefined {
    const message = hold ? this.sessions.takeFirst(hold) : this.#ready.takeFirst();
    return message && this.#takeAway(message);
  }

  /** Ends the lock with this token; refused when it has run out. */
  settle(lockToken: Buffer, settlement: Settlement, done: Done): void {
    const message = this.#locks.find(lockToken);
    if (!message) {
      done(refusals.lockLost());
      return;
    }
    this.#unlock(message);
    this.#applySettlement(message, settlement);
    this.#store.afterCommit((error) => done(error && refusals.storeFailed()));
  }

  isLocked(lockToken: Buffer): boolean {
    return this.#locks.find(lockToken) !== undefined;
  }

  /** @returns the new end of the lock in ms since the epoch, or `undefined` when it has run out */
  renewLock(lockToken: Buffer): number | undefined {
    const message = this.#locks.find(lockToken);
    return message && this.#locks.renew(message);
  }

  acceptSession(sessionId: string, receiver: Pick<SessionHold, "onLost" | "onReady">): SessionHold | null {
    return this.sessions.acceptNamed(sessionId, receiver);
  }

  acceptNextSession(waiter: SessionWaiter): () => void {
    return this.sessions.acceptNext(waiter);
  }

  /** Lets go of a session: its unsettled messages are ready again at once, their delivery count unchanged. */
  closeSession(hold: SessionHold): void {
    this.#returnUnsettled(hold, 0);
    this.sessions.release(hold);
  }

  sessionState(sessionId: string): Uint8Array | null {
    return this.#sessionStates.get(sessionId) ?? null;
  }

  setSessionState(sessionId: string, state: Uint8Array | null, done: Done): void {
    if (state === null) this.#sessionStates.delete(sessionId);
    else this.#sessionStates.set(sessionId, Uint8Array.from(state));
    this.#store.setSessionState(this.options.path, sessionId, state);
    this.#store.afterCommit((error) => done(error && refusals.storeFailed()));
  }

  /** Names of the sessions with messages or a state. */
  sessionNames(): string[] {
    return [...new Set([...this.sessions.names(), ...this.#sessionStates.keys()])].sort();
  }

  /** Messages from a sequence number on, in any state, without locking them. */
  peek(fromSeq: number, limit: number, sessionId: string | null): Buffer[] {
    return this.#messages.peek(fromSeq, limit, sessionId);
  }

  /**
   * Forgets scheduled messages; refused as a whole when one of them is not scheduled (any more).
   *
   * @param numbers - as `enqueue` returned them
   */
  cancelScheduled(numbers: readonly number[], done: Done): void {
    const found = this.#messages.scheduled(numbers);
    const missing = numbers.filter((number) => !found.some((message) => message.enqueueSeq === number));
    if (missing.length > 0) {
      done(refusals.notScheduled(missing));
      return;
    }
    for (const message of found) this.#remove(message);
    this.#store.afterCommit((error) => done(error && refusals.storeFailed()));
  }

  /** Deferred messages by number, locked or deleted; refused as a whole when one of them is not deferred. */
  receiveDeferred(
    numbers: readonly number[],
    mode: "lock" | "delete",
    hold: SessionHold | null,
  ): Delivery[] | Refusal {
    const messages: QueuedMessage[] = [];
    for (const number of numbers) {
      const message = this.#messages.get(number);
      if (message?.state !== "deferred") return refusals.messageNotFound(number);
      messages.push(message);
    }
    return messages.map((message) => (mode === "lock" ? this.#lock(message, hold) : this.#takeAway(message)));
  }

  /** Puts a stored message where its fields say it belongs. */
  #admit(message: QueuedMessage): void {
    const now = this.#clock.now();
    if (message.state === "gone") return;
    if (message.scheduledFor !== null && message.scheduledFor > now) {
      message.state = "scheduled";
      message.cancelTimer = this.#clock.after(message.scheduledFor - now, () => this.#activate(message));
    } else if (message.scheduledFor !== null) this.#activate(message);
    else if (this.#isSpent(message)) this.#deadLetterSpent(message);
    else if (this.options.requiresSession && message.sessionId === null) {
      this.#deadLetter(message, deadLetterReasons.noSession());
    } else this.#makeAvailable(message);
  }

  /** Like a message that arrives now: at the end of the queue, with a new sequence number. */
  #activate(message: QueuedMessage): void {
    const enqueuedAt = message.scheduledFor ?? this.#clock.now();
    this.#remove(message);
    const arrived = this.#messages.insert({
      ...message,
      seq: this.#messages.nextSequence(),
      enqueuedAt,
      scheduledFor: null,
    });
    this.#store.afterCommit((error) => {
      if (!error) this.#admit(arrived);
    });
  }

  #makeAvailable(message: QueuedMessage): void {
    if (message.deferred) {
      message.state = "deferred";
      return;
    }
    const leftMs = message.expiresAt === null ? null : message.expiresAt - this.#clock.now();
    if (leftMs !== null && leftMs <= 0) {
      this.#expire(message);
      return;
    }
    message.state = "ready";
    if (leftMs !== null) message.cancelTimer = this.#clock.after(leftMs, () => this.#expire(message));
    if (this.options.requiresSession && message.sessionId !== null) {
      this.sessions.addReady(message.sessionId, message);
    } else {
      this.#ready.add(message);
      this.#wakeConsumers();
    }
  }

  /** The consumer that got the last message is asked last for the next one. */
  #wakeConsumers(): void {
    for (const consumer of [...this.#consumers]) {
      if (this.#ready.size === 0) return;
      const before = this.#ready.size;
      consumer.onReady();
      if (this.#ready.size < before && this.#consumers.delete(consumer)) this.#consumers.add(consumer);
    }
  }

  #expire(message: QueuedMessage): void {
    if (!this.options.deadLetterOnExpiration || !this.deadLetters) {
      this.#remove(message);
      return;
    }
    this.#deadLetter(message, deadLetterReasons.expired());
  }

  #lock(message: QueuedMessage, hold: SessionHold | null): Delivery {
    const lockToken = this.#locks.take(message, hold);
    hold?.unsettled.add(message);
    this.#messages.markLocked(message);
    return { lockToken, sequenceNumber: message.seq, encoded: encodeMessage(message) };
  }

  #unlock(message: QueuedMessage): void {
    this.#locks.end(message);
    if (message.sessionId !== null) this.sessions.holdOf(message.sessionId)?.unsettled.delete(message);
  }

  #takeAway(message: QueuedMessage): Delivery {
    const encoded = encodeMessage(message);
    this.#remove(message);
    return { lockToken: Buffer.alloc(0), sequenceNumber: message.seq, encoded };
  }

  #applySettlement(message: QueuedMessage, settlement: Settlement): void {
    switch (settlement.kind) {
      case "complete":
        this.#remove(message);
        return;
      case "deadLetter":
        this.#deadLetter(message, settlement.properties);
        return;
      case "release":
        this.#giveBack(message, 0);
        return;
      case "defer":
        message.deferred = true;
        break;
      case "abandon":
        message.deliveryCount++;
    }
    message.raw = withApplicationProperties(message.raw, settlement.properties);
    this.#giveBack(message, 0, true);
  }

  /** Returns an unlocked message to where it waits, or to the dead letters after its last attempt. */
  #giveBack(message: QueuedMessage, failedDeliveries: number, isChanged = failedDeliveries > 0): void {
    message.deliveryCount += failedDeliveries;
    if (this.#isSpent(message)) {
      this.#deadLetterSpent(message);
      return;
    }
    message.state = "pending";
    if (isChanged) this.#messages.update(message);
    else this.#messages.markLocked(message);
    this.#makeAvailable(message);
  }

  #isSpent(message: QueuedMessage): boolean {
    const { maxDeliveryCount } = this.options;
    return maxDeliveryCount > 0 && message.deliveryCount >= maxDeliveryCount && !message.deferred;
  }

  #deadLetterSpent(message: QueuedMessage): void {
    this.#deadLetter(message, deadLetterReasons.spent(message.deliveryCount));
  }

  #deadLetter(message: QueuedMessage, properties: Readonly<Record<string, unknown>>): void {
    this.#remove(message);
    // Dead-lettering a dead letter puts it at the end of its own queue, as the real service does.
    (this.deadLetters ?? this).#receiveDeadLetter(message, properties);
  }

  #receiveDeadLetter(message: QueuedMessage, properties: Readonly<Record<string, unknown>>): void {
    const raw = withApplicationProperties(message.raw, properties);
    const seq = this.#messages.nextSequence();
    const kept = this.#messages.insert({ ...message, raw, seq, expiresAt: null, scheduledFor: null });
    this.#store.afterCommit((error) => {
      if (!error) this.#admit(kept);
    });
  }

  #remove(message: QueuedMessage): void {
    message.cancelTimer?.();
    message.cancelTimer = null;
    if (message.state === "ready") {
      if (this.options.requiresSession && message.sessionId !== null) {
        this.sessions.removeReady(message.sessionId, message);
      } else this.#ready.remove(message);
    }
    message.state = "gone";
    this.#messages.delete(message);
  }

  #loseSession(hold: SessionHold): void {
    this.#returnUnsettled(hold, 1);
    this.sessions.release(hold);
  }

  #returnUnsettled(hold: SessionHold, failedDeliveries: number): void {
    hold.isEnding = true;
    for (const message of [...hold.unsettled]) {
      this.#unlock(message);
      this.#giveBack(message, failedDeliveries);
    }
  }
}

function smallest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
