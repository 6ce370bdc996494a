/** Links on which clients receive from a queue, with or without a session. */
import rhea, { type Delivery, type EventContext, type Sender } from "rhea";
import type { Clock } from "../../clock.ts";
import type { Queue } from "./queue.ts";
import type { Consumer, Settlement } from "./queue-contract.ts";
import { type Refusal, refusals } from "./refusal.ts";
import { refuseLink } from "./refuse-link.ts";
import { freeCredit, holdBackAttach, plain, setAttach, settleOutgoing } from "./rhea-internals.ts";
import type { SessionHold } from "./sessions.ts";

const SESSION_FILTER = "com.microsoft:session-filter";
/** How long to wait for a session when the client does not say. */
const DEFAULT_SESSION_WAIT_MS = 60_000;
/** Sender settle mode: receive and delete. */
const SETTLED = 1;

/** Opens a receiver's link to a queue; which kind depends on the filter. */
export function consumeQueue(sender: Sender, queue: Queue, clock: Clock): void {
  const filter: Readonly<Record<string, unknown>> = sender.source.filter ?? {};
  if (!(SESSION_FILTER in filter)) {
    consumeWithoutSession(sender, queue);
    return;
  }
  if (!queue.options.requiresSession) {
    refuseLink(
      sender,
      refusals.notAllowed(
        "A sessionful message receiver cannot be created on an entity that does not require sessions.",
      ),
    );
    return;
  }
  const sessionId = plain(filter[SESSION_FILTER]);
  if (typeof sessionId === "string") consumeNamedSession(sender, queue, sessionId);
  else consumeNextSession(sender, queue, clock);
}

function consumeWithoutSession(sender: Sender, queue: Queue): void {
  if (queue.options.requiresSession) {
    refuseLink(
      sender,
      refusals.notAllowed(
        "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
      ),
    );
    return;
  }
  const consumer = new ConsumerLink(sender, queue, null);
  echoAttach(sender, {});
  queue.addConsumer(consumer);
  sender.on("sender_close", () => queue.removeConsumer(consumer));
}

function consumeNamedSession(sender: Sender, queue: Queue, sessionId: string): void {
  const consumer = new SessionReceiver(sender, queue);
  const hold = queue.acceptSession(sessionId, consumer);
  if (hold) consumer.start(hold);
  else refuseLink(sender, refusals.sessionTaken(sessionId));
}

/** The answer waits until a session has messages, or until the client's timeout. */
function consumeNextSession(sender: Sender, queue: Queue, clock: Clock): void {
  const timeoutMs = Number(plain(sender.properties?.["com.microsoft:timeout"]) ?? DEFAULT_SESSION_WAIT_MS);
  holdBackAttach(sender);
  const consumer = new SessionReceiver(sender, queue);
  let isAnswered = false;
  let stopWaiting = () => {};
  /** Sends the attach; a link is opened once, a second time would attach it anew. */
  const answer = () => {
    if (isAnswered) return;
    isAnswered = true;
    cancelTimeout();
    stopWaiting();
    sender.open();
  };
  const cancelTimeout = clock.after(timeoutMs, () => {
    answer();
    refuseLink(sender, refusals.noSession());
  });
  sender.on("sender_close", answer);
  stopWaiting = queue.acceptNextSession({
    onLost: consumer.onLost,
    onReady: consumer.onReady,
    onAccepted: (hold) => {
      consumer.start(hold);
      answer();
    },
  });
}

/** The receiving end of one session, from the moment it is held. */
class SessionReceiver {
  readonly #sender: Sender;
  readonly #queue: Queue;
  #hold: SessionHold | null = null;
  #link: ConsumerLink | null = null;

  constructor(sender: Sender, queue: Queue) {
    this.#sender = sender;
    this.#queue = queue;
  }

  start(hold: SessionHold): void {
    this.#hold = hold;
    this.#link = new ConsumerLink(this.#sender, this.#queue, hold);
    echoAttach(this.#sender, { [SESSION_FILTER]: hold.sessionId });
    setAttach(this.#sender, {
      properties: { "com.microsoft:locked-until-utc": rhea.types.wrap_long(ticks(hold.lockedUntil)) },
    });
    this.#sender.on("sender_close", () => this.#queue.closeSession(hold));
  }

  readonly onReady = (): void => this.#link?.onReady();

  readonly onLost = (): void => {
    if (this.#hold) this.#sender.close({ ...refusals.sessionLockLost(this.#hold.sessionId) });
  };
}

/** .NET ticks (100 ns since the year 1) as eight bytes: more than a JavaScript number holds. */
function ticks(epochMs: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(epochMs) * 10_000n + 621_355_968_000_000_000n);
  return bytes;
}

function echoAttach(sender: Sender, filter: Readonly<Record<string, string>>): void {
  const { address } = sender.source;
  sender.set_source(Object.keys(filter).length > 0 ? { address, filter } : { address });
  sender.set_target({ address: sender.target?.address ?? "" });
  setAttach(sender, { snd_settle_mode: sender.snd_settle_mode, rcv_settle_mode: sender.rcv_settle_mode });
}

/** Sends messages while there is credit, and carries outcomes back to the queue. */
class ConsumerLink implements Consumer {
  readonly #sender: Sender;
  readonly #queue: Queue;
  readonly #hold: SessionHold | null;
  readonly #deletes: boolean;

  constructor(sender: Sender, queue: Queue, hold: SessionHold | null) {
    this.#sender = sender;
    this.#queue = queue;
    this.#hold = hold;
    this.#deletes = sender.snd_settle_mode === SETTLED;
    sender.on("sendable", () => this.onReady());
    sender.on("sender_draining", () => {
      this.onReady();
      sender.set_drained(true);
    });
    this.#onOutcome("accepted", () => ({ kind: "complete" }));
    this.#onOutcome("released", () => ({ kind: "release" }));
    this.#onOutcome("modified", readModified);
    this.#onOutcome("rejected", (state) => ({ kind: "deadLetter", properties: deadLetterProperties(state) }));
  }

  onReady(): void {
    while (freeCredit(this.#sender) > 0) {
      const next = this.#deletes ? this.#queue.deleteNext(this.#hold) : this.#queue.lockNext(this.#hold);
      if (!next) return;
      this.#sender.send(next.encoded, this.#deletes ? undefined : next.lockToken, 0);
    }
  }

  #onOutcome(event: string, read: (state: Readonly<Record<string, unknown>>) => Settlement): void {
    this.#sender.on(event, ({ delivery }: EventContext) => {
      if (delivery && !this.#deletes) this.#settle(delivery, read(delivery.remote_state ?? {}));
    });
  }

  #settle(delivery: Delivery, settlement: Settlement): void {
    const lockToken = Buffer.isBuffer(delivery.tag) ? delivery.tag : Buffer.from(delivery.tag);
    const hold = this.#hold;
    this.#queue.settle(lockToken, settlement, (refusal?: Refusal) => {
      const isSessionLost = refusal !== undefined && hold !== null && !this.#queue.sessions.isHeld(hold);
      settleOutgoing(delivery, isSessionLost ? refusals.sessionLockLost(hold.sessionId) : refusal);
    });
  }
}

function readModified(state: Readonly<Record<string, unknown>>): Settlement {
  const properties = entriesOf(state.message_annotations);
  return state.undeliverable_here === true ? { kind: "defer", properties } : { kind: "abandon", properties };
}

function deadLetterProperties(state: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const error = state.error;
  return typeof error === "object" && error !== null ? entriesOf(Reflect.get(error, "info")) : {};
}

function entriesOf(map: unknown): Record<string, unknown> {
  return typeof map === "object" && map !== null ? { ...map } : {};
}
