import { randomBytes } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { QueuedMessage } from "./queued-message.ts";
import type { SessionHold } from "./sessions.ts";

/** The locks that receivers hold on single messages of one queue, each under its token, until it runs out. */
export class MessageLocks {
  readonly #clock: Clock;
  readonly #lockMs: number;
  readonly #expire: (message: QueuedMessage) => void;
  readonly #locked = new Map<string, QueuedMessage>();

  /** @param expire - called when a lock runs out, which has ended then */
  constructor(clock: Clock, lockMs: number, expire: (message: QueuedMessage) => void) {
    this.#clock = clock;
    this.#lockMs = lockMs;
    this.#expire = expire;
  }

  find(token: Buffer): QueuedMessage | undefined {
    return this.#locked.get(token.toString("hex"));
  }

  /** Locks a message until the end of the session's lock, or for the queue's own duration. @returns the token */
  take(message: QueuedMessage, hold: SessionHold | null): Buffer {
    message.cancelTimer?.();
    message.cancelTimer = null;
    const token = randomBytes(16);
    message.lock = token.toString("hex");
    message.state = "locked";
    this.#locked.set(message.lock, message);
    if (hold) message.lockedUntil = hold.lockedUntil;
    else this.#arm(message);
    return token;
  }

  /** @returns the new end of the lock, in ms since the epoch */
  renew(message: QueuedMessage): number {
    message.cancelTimer?.();
    this.#arm(message);
    return message.lockedUntil;
  }

  end(message: QueuedMessage): void {
    message.cancelTimer?.();
    message.cancelTimer = null;
    if (message.lock !== null) this.#locked.delete(message.lock);
    message.lock = null;
  }

  #arm(message: QueuedMessage): void {
    message.lockedUntil = this.#clock.now() + this.#lockMs;
    message.cancelTimer = this.#clock.after(this.#lockMs, () => {
      this.end(message);
      this.#expire(message);
    });
  }
}
