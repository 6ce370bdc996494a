/** The `$management` node of queues, subscriptions and topics: one row for each operation. */
import rhea from "rhea";
import * as z from "zod";
import { readEnvelope } from "./message-codec.ts";
import { MAX_MESSAGE_BYTES } from "./publisher-link.ts";
import type { Queue } from "./queue.ts";
import type { Done, Settlement } from "./queue-contract.ts";
import { refusals } from "./refusal.ts";
import { type Answer, type Reply, type Request, replies } from "./request-reply.ts";
import { manageRules } from "./rule-management.ts";
import type { SubscriptionRules } from "./subscription-rules.ts";
import type { Topic } from "./topic.ts";

const { wrap_array, wrap_uuid, wrap_timestamp } = rhea.types;
const TYPE = { uuid: 0x98, long: 0x81, timestamp: 0x83, string: 0xa1 } as const;

const Bytes = z.custom<Buffer>((value) => Buffer.isBuffer(value), "expected binary");
/** 64-bit numbers come as eight bytes when they are too large for a double. */
const Long = z.union([z.number(), Bytes.transform((bytes) => Number(bytes.readBigInt64BE(0)))]);
const Tokens = z.array(Bytes);

const Peek = z.object({
  "from-sequence-number": Long,
  "message-count": z.number(),
  "session-id": z.string().nullish(),
});
const RenewLock = z.object({ "lock-tokens": Tokens });
const SessionRequest = z.object({ "session-id": z.string() });
const SetState = SessionRequest.extend({ "session-state": Bytes.nullish() });
const ListSessions = z.object({ skip: z.number().default(0), top: z.number().default(100) });
const Schedule = z.object({ messages: z.array(z.object({ message: Bytes })) });
const Numbers = z.object({ "sequence-numbers": z.array(Long) });
const ReceiveDeferred = Numbers.extend({
  "receiver-settle-mode": z.number().default(1),
  "session-id": z.string().nullish(),
});
const UpdateDisposition = z.object({
  "lock-tokens": Tokens,
  "disposition-status": z.string(),
  "deadletter-reason": z.string().nullish(),
  "deadletter-description": z.string().nullish(),
  "properties-to-modify": z.record(z.string(), z.unknown()).nullish(),
});

type Operation = (queue: Queue, body: unknown, reply: (reply: Reply) => void) => void;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "com.microsoft:peek-message": (queue, body, reply) => {
    const request = Peek.parse(body);
    const from = request["from-sequence-number"];
    const found = queue.peek(from, request["message-count"], request["session-id"] ?? null);
    if (found.length === 0) reply(replies.nothing());
    else reply(replies.ok({ messages: found.map((message) => ({ message })) }));
  },

  "com.microsoft:renew-lock": (queue, body, reply) => {
    const ends = RenewLock.parse(body)["lock-tokens"].map((token) => queue.renewLock(tokenIn(queue, token)));
    const known = ends.filter((end) => end !== undefined);
    if (known.length < ends.length) reply(replies.refused(refusals.lockLost()));
    else reply(replies.ok({ expirations: wrap_array(known, TYPE.timestamp, undefined) }));
  },

  "com.microsoft:renew-session-lock": (queue, body, reply) => {
    const { "session-id": sessionId } = SessionRequest.parse(body);
    const hold = queue.sessions.holdOf(sessionId);
    if (!hold) reply(replies.refused(refusals.sessionLockLost(sessionId)));
    else reply(replies.ok({ expiration: wrap_timestamp(queue.sessions.renew(hold)) }));
  },

  "com.microsoft:set-session-state": (queue, body, reply) => {
    const { "session-id": sessionId, "session-state": state } = SetState.parse(body);
    queue.setSessionState(
      sessionId,
      state ?? null,
      whenDone(reply, () => replies.ok()),
    );
  },

  "com.microsoft:get-session-state": (queue, body, reply) => {
    const state = queue.sessionState(SessionRequest.parse(body)["session-id"]);
    reply(replies.ok({ "session-state": state && Buffer.from(state) }));
  },

  "com.microsoft:get-message-sessions": (queue, body, reply) => {
    const { skip, top } = ListSessions.parse(body);
    const names = queue.sessionNames().slice(skip, skip + top);
    if (names.length === 0) reply(replies.nothing());
    else
      reply(
        replies.ok({ skip: skip + names.length, "sessions-ids": wrap_array(names, TYPE.string, undefined) }),
      );
  },

  "com.microsoft:schedule-message": (queue, body, reply) =>
    schedule(queue, queue.options.requiresSession, body, reply),

  "com.microsoft:cancel-scheduled-message": (queue, body, reply) => cancelScheduled(queue, body, reply),

  "com.microsoft:receive-by-sequence-number": (queue, body, reply) => {
    const request = ReceiveDeferred.parse(body);
    const sessionId = request["session-id"];
    const hold = typeof sessionId === "string" ? queue.sessions.holdOf(sessionId) : null;
    const mode = request["receiver-settle-mode"] === 0 ? "delete" : "lock";
    const found = queue.receiveDeferred(request["sequence-numbers"], mode, hold);
    if (!Array.isArray(found)) {
      reply(replies.refused(found));
      return;
    }
    const messages = found.map(({ lockToken, encoded }) =>
      lockToken.length > 0 ? { "lock-token": wrap_uuid(lockToken), message: encoded } : { message: encoded },
    );
    reply(replies.ok({ messages }));
  },

  "com.microsoft:update-disposition": (queue, body, reply) => {
    const request = UpdateDisposition.parse(body);
    const settlement = settlementOf(request);
    if (!settlement) {
      const status = request["disposition-status"];
      reply(
        replies.badRequest(
          `The disposition '${status}' is none of completed, abandoned, defered, suspended.`,
        ),
      );
      return;
    }
    const tokens = request["lock-tokens"].map((token) => tokenIn(queue, token));
    if (!tokens.every((token) => queue.isLocked(token))) {
      reply(replies.refused(refusals.lockLost()));
      return;
    }
    let left = tokens.length;
    for (const token of tokens) {
      queue.settle(token, settlement, (refusal) => {
        left--;
        if (left === 0) reply(refusal ? replies.refused(refusal) : replies.ok());
      });
    }
  },
};

/** Answers for a queue, a subscription (which has rules), or the dead letters of one. */
export function queueManagement(queue: Queue, rules: SubscriptionRules | null): Answer {
  return (request, reply) => {
    if (rules && manageRules(rules, request, reply)) return;
    const operation = OPERATIONS[request.operation];
    if (!operation) reply(replies.unknown(request.operation));
    else operation(queue, request.body, reply);
  };
}

/** Answers for a topic: scheduling, and nothing else. */
export function topicManagement(topic: Topic): Answer {
  return ({ operation, body }: Request, reply) => {
    if (operation === "com.microsoft:schedule-message") schedule(topic, false, body, reply);
    else if (operation === "com.microsoft:cancel-scheduled-message") cancelScheduled(topic, body, reply);
    else reply(replies.unknown(operation));
  };
}

function schedule(
  entity: Queue | Topic,
  requiresSession: boolean,
  body: unknown,
  reply: (reply: Reply) => void,
): void {
  const { messages } = Schedule.parse(body);
  const largest = Math.max(...messages.map(({ message }) => message.length));
  if (largest > MAX_MESSAGE_BYTES) {
    reply(replies.refused(refusals.tooLarge(largest, MAX_MESSAGE_BYTES)));
    return;
  }
  const envelopes = messages.map(({ message }) => readEnvelope(Buffer.from(message), true));
  if (requiresSession && envelopes.some((envelope) => envelope.sessionId === null)) {
    reply(replies.refused(refusals.noSessionId()));
    return;
  }
  let left = envelopes.length;
  const numbers: number[] = [];
  for (const envelope of envelopes) {
    const done: Done = (refusal) => {
      left--;
      if (left > 0) return;
      const wrapped = wrap_array(numbers, TYPE.long, undefined);
      reply(refusal ? replies.refused(refusal) : replies.ok({ "sequence-numbers": wrapped }));
    };
    numbers.push(entity.enqueue(envelope, done));
  }
}

function cancelScheduled(entity: Queue | Topic, body: unknown, reply: (reply: Reply) => void): void {
  entity.cancelScheduled(
    Numbers.parse(body)["sequence-numbers"],
    whenDone(reply, () => replies.ok()),
  );
}

function whenDone(reply: (reply: Reply) => void, success: () => Reply): Done {
  return (refusal) => reply(refusal ? replies.refused(refusal) : success());
}

function settlementOf(request: z.output<typeof UpdateDisposition>): Settlement | undefined {
  const properties = request["properties-to-modify"] ?? {};
  const reason = request["deadletter-reason"];
  const description = request["deadletter-description"];
  switch (request["disposition-status"]) {
    case "completed":
      return { kind: "complete" };
    case "abandoned":
      return { kind: "abandon", properties };
    case "defered":
      return { kind: "defer", properties };
    case "suspended":
      return {
        kind: "deadLetter",
        properties: {
          ...properties,
          ...(typeof reason === "string" ? { DeadLetterReason: reason } : {}),
          ...(typeof description === "string" ? { DeadLetterErrorDescription: description } : {}),
        },
      };
    default:
      return undefined;
  }
}

/**
 * The token as it was given out: clients write the first three groups of a delivery tag in the other byte order
 * (.NET GUIDs), but not those of tokens that came in a management answer.
 */
function tokenIn(queue: Queue, token: Buffer): Buffer {
  if (queue.isLocked(token)) return token;
  const swapped = Buffer.from(token);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped;
}
