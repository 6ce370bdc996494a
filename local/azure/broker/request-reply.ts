/** Nodes that answer requests: `$cbs` and `$management`, each a pair of links in one AMQP session. */
import rhea, { type EventContext, type Receiver, type Sender } from "rhea";
import * as z from "zod";
import type { Refusal } from "./refusal.ts";
import { plain, replyLink, sendSettled, setAttach, settleIncoming } from "./rhea-internals.ts";

export interface Request {
  readonly operation: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Map or list of the AMQP value; numbers are plain, binary and uuid are `Buffer`. */
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly description: string;
  readonly condition?: string;
  readonly body?: unknown;
}

/** Answers a request, now or after a commit. */
export type Answer = (request: Request, reply: (reply: Reply) => void) => void;

const CREDIT = 500;
const MAX_REQUEST_BYTES = 1_048_576;

export const replies = {
  ok: (body: unknown = {}): Reply => ({ status: 200, description: "OK", body }),
  accepted: (): Reply => ({ status: 202, description: "Accepted" }),
  nothing: (): Reply => ({ status: 204, description: "No content", body: {} }),
  unknown: (operation: string): Reply => ({
    status: 501,
    description: `The operation '${operation}' is not supported here.`,
    condition: "amqp:not-implemented",
  }),
  badRequest: (description: string): Reply => ({
    status: 400,
    description,
    condition: "com.microsoft:argument-error",
  }),
  refused: (refusal: Refusal): Reply => ({
    status: STATUS_BY_CONDITION[refusal.condition] ?? 400,
    description: refusal.description,
    condition: refusal.condition,
  }),
} as const;

const STATUS_BY_CONDITION: Readonly<Record<string, number>> = {
  "amqp:not-found": 404,
  "com.microsoft:message-not-found": 404,
  "com.microsoft:message-lock-lost": 410,
  "com.microsoft:session-lock-lost": 410,
  "com.microsoft:entity-already-exists": 409,
  "com.microsoft:server-busy": 503,
};

/** The link on which requests come. */
export function openRequests(receiver: Receiver, answer: Answer): void {
  receiver.set_target({ address: receiver.target.address });
  receiver.set_source({ address: receiver.source?.address ?? "" });
  setAttach(receiver, { max_message_size: MAX_REQUEST_BYTES });
  receiver.on("message", ({ message, delivery }: EventContext) => {
    if (!delivery) return;
    settleIncoming(delivery, undefined);
    receiver.add_credit(1);
    const payload: unknown = message;
    if (Buffer.isBuffer(payload)) answerOne(receiver, payload, answer);
  });
  receiver.add_credit(CREDIT);
}

/** The link on which replies go. */
export function openReplies(sender: Sender): void {
  sender.set_source({ address: sender.source.address });
  sender.set_target({ address: sender.target?.address ?? "" });
}

function answerOne(receiver: Receiver, payload: Buffer, answer: Answer): void {
  const message = rhea.message.decode(payload);
  const properties: Readonly<Record<string, unknown>> = message.application_properties ?? {};
  const reply = ({ status, description, condition, body }: Reply) => {
    const sender = replyLink(receiver.session, String(message.reply_to));
    if (!sender) return;
    sendSettled(sender, {
      to: message.reply_to,
      correlation_id: message.message_id,
      // Clients differ in which spelling they read.
      application_properties: {
        "status-code": rhea.types.wrap_int(status),
        "status-description": description,
        statusCode: rhea.types.wrap_int(status),
        statusDescription: description,
        ...(condition === undefined ? {} : { "error-condition": rhea.types.wrap_symbol(condition) }),
      },
      body,
    });
  };
  const operation = String(plain(properties.operation) ?? "");
  try {
    answer({ operation, properties, body: message.body }, reply);
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    reply(replies.badRequest(`The request '${operation}' cannot be answered: ${reason}`));
  }
}
