/** The sessions of one queue: who holds which, until when, and who waits for the next. */
import type { Clock } from "../../clock.ts";
import { MessageList } from "./message-list.ts";
import type { QueuedMessage } from "./queued-message.ts";

/** A receiver's hold on one session. At most one exists for each session. */
export interface SessionHold {
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  lockedUntil: number;
  /** Messages delivered under this hold and not settled yet. */
  readonly unsettled: Set<QueuedMessage>;
  /** The hold ran out: the receiver must be told. */
  readonly onLost: () => void;
  /** A message of the session is ready. */
  readonly onReady: () => void;
  cancelTimer: () => void;
  /** Its messages are on their way back: they are not for this receiver any more. */
  isEnding: boolean;
}

interface Session {
  readonly ready: MessageList;
  hold: SessionHold | null;
}

export interface SessionWaiter {
  readonly onLost: () => void;
  readonly onReady: () => void;
  readonly onAccepted: (hold: SessionHold) => void;
}

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  /** Sessions with ready messages that nobody holds, the longest waiting first. */
  readonly #idle = new Set<string>();
  readonly #waiters = new Set<SessionWaiter>();
  readonly #clock: Clock;
  readonly #lockMs: number;
  readonly #expire: (hold: SessionHold) => void;

  /** @param expire - called when a hold runs out, to put its messages back */
  constructor(clock: Clock, lockMs: number, expire: (hold: SessionHold) => void) {
    this.#clock = clock;
    this.#lockMs = lockMs;
    this.#expire = expire;
  }

  addReady(sessionId: string, message: QueuedMessage): void {
    const session = this.#session(sessionId);
    session.ready.add(message);
    if (!session.hold) this.#offer(sessionId);
    else if (!session.hold.isEnding) session.hold.onReady();
  }

  removeReady(sessionId: string, message: QueuedMessage): void {
    this.#sessions.get(sessionId)?.ready.remove(message);
    this.#forgetIfEmpty(sessionId);
  }

  takeFirst(hold: SessionHold): QueuedMessage | undefined {
    return this.isHeld(hold) && !hold.isEnding
      ? this.#sessions.get(hold.sessionId)?.ready.takeFirst()
      : undefined;
  }

  isHeld(hold: SessionHold): boolean {
    return this.#sessions.get(hold.sessionId)?.hold === hold;
  }

  holdOf(sessionId: string): SessionHold | null {
    return this.#sessions.get(sessionId)?.hold ?? null;
  }

  /** Takes one session by name, with or without messages; `null` when another receiver holds it. */
  acceptNamed(sessionId: string, receiver: Pick<SessionHold, "onLost" | "onReady">): SessionHold | null {
    return this.#session(sessionId).hold ? null : this.#take(sessionId, receiver);
  }

  /** Takes the next session that has messages, at once or when there is one. The answer stops the waiting. */
  acceptNext(waiter: SessionWaiter): () => void {
    const [next] = this.#idle;
    if (next === undefined) this.#waiters.add(waiter);
    else waiter.onAccepted(this.#take(next, waiter));
    return () => void this.#waiters.delete(waiter);
  }

  /** @returns the new end of the lock, in ms since the epoch */
  renew(hold: SessionHold): number {
    hold.cancelTimer();
    this.#arm(hold);
    for (const message of hold.unsettled) message.lockedUntil = hold.lockedUntil;
    return hold.lockedUntil;
  }

  /** Ends a hold. The caller puts its messages back first, so that the next owner finds them in order. */
  release(hold: SessionHold): void {
    const session = this.#sessions.get(hold.sessionId);
    if (session?.hold !== hold) return;
    hold.cancelTimer();
    session.hold = null;
    if (session.ready.size > 0) this.#offer(hold.sessionId);
    else this.#forgetIfEmpty(hold.sessionId);
  }

  /** Names of the sessions that have ready messages or a holder. */
  names(): string[] {
    return [...this.#sessions.keys()];
  }

  #take(sessionId: string, receiver: Pick<SessionHold, "onLost" | "onReady">): SessionHold {
    const { onLost, onReady } = receiver;
    const hold: SessionHold = {
      sessionId,
      lockedUntil: 0,
      unsettled: new Set(),
      onLost,
      onReady,
      cancelTimer() {},
      isEnding: false,
    };
    this.#session(sessionId).hold = hold;
    this.#idle.delete(sessionId);
    this.#arm(hold);
    return hold;
  }

  #arm(hold: SessionHold): void {
    hold.lockedUntil = this.#clock.now() + this.#lockMs;
    hold.cancelTimer = this.#clock.after(this.#lockMs, () => {
      this.#expire(hold);
      hold.onLost();
    });
  }

  #offer(sessionId: string): void {
    const [waiter] = this.#waiters;
    if (!waiter) {
      this.#idle.add(sessionId);
      return;
    }
    this.#waiters.delete(waiter);
    waiter.onAccepted(this.#take(sessionId, waiter));
  }

  #session(sessionId: string): Session {
    let session = this.#sessions.get(sessionId);
    if (!session) {
      session = { ready: new MessageList(), hold: null };
      this.#sessions.set(sessionId, session);
    }
    return session;
  }

  #forgetIfEmpty(sessionId: string): void {
    const session = this.#sessions.get(sessionId);
    if (!session || session.hold || session.ready.size > 0) return;
    this.#sessions.delete(sessionId);
    this.#idle.delete(sessionId);
  }
}
