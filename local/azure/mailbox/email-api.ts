import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { isSignedWith } from "./access-key.ts";
import { Attachment, type MailStore } from "./store.ts";

export interface EmailApiOptions {
  readonly store: MailStore;
  readonly clock: Clock;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  /** Of the resource, in base64: it signs requests that bring no token. Absent: tokens alone are taken. */
  readonly accessKey?: string | undefined;
}

const Address = z.object({ address: z.email(), displayName: z.string().optional() });
const Addresses = z.array(Address).nullish();

const Message = z.looseObject({
  senderAddress: z.email(),
  content: z
    .object({ subject: z.string().min(1), plainText: z.string().nullish(), html: z.string().nullish() })
    .refine((content) => Boolean(content.plainText ?? content.html), "needs plainText, html, or both"),
  recipients: z
    .object({ to: Addresses, cc: Addresses, bcc: Addresses })
    .transform(({ to, cc, bcc }) => [...(to ?? []), ...(cc ?? []), ...(bcc ?? [])])
    .refine((all) => all.length > 0, "names nobody: expected an address in to, cc or bcc")
    .refine((all) => all.length <= 50, "names more than 50 addresses"),
  replyTo: Addresses,
  attachments: z.array(Attachment).nullish(),
});

/** The e-mail data plane of Azure Communication Services: send, and ask what became of it. */
export function createEmailApi({ store, clock, authenticate, accessKey }: EmailApiOptions) {
  return function handle(request: ServiceRequest): ServiceAnswer | undefined {
    const [area, kind, id] = request.segments;
    const isSend = request.path === "/emails:send" && request.method === "POST";
    const isStatus = area === "emails" && kind === "operations" && id && request.method === "GET";
    if (!isSend && !isStatus) return undefined;
    const isSigned = accessKey !== undefined && isSignedWith(accessKey, request);
    if (!isSigned && !authenticate(request.headers))
      return refusal(401, "Denied", "Denied by the resource provider.");
    if (!request.query.get("api-version")) {
      return refusal(400, "MissingApiVersionParameter", "The api-version query parameter is required.");
    }
    if (isSend) return send(request);
    return store.hasOperation(id?.toLowerCase() ?? "")
      ? { status: 200, body: { id, status: "Succeeded" } }
      : refusal(404, "OperationNotFound", `There is no send operation '${id}'.`);
  };

  function send(request: ServiceRequest): ServiceAnswer {
    const operationId = (request.headers["operation-id"] ?? randomUUID()).toLowerCase();
    if (!z.guid().safeParse(operationId).success) {
      return refusal(400, "BadRequest", `The Operation-Id header is '${operationId}', expected a GUID.`);
    }
    // The sender repeats itself after a lost answer: the first one counts, whatever the second one says.
    if (store.hasOperation(operationId)) return accepted(request, operationId);
    const read = readMessage(request.body);
    if ("refused" in read) return refusal(400, "BadRequest", read.refused);
    const { senderAddress, recipients, content, replyTo, attachments } = read.message;
    store.add({
      operationId,
      receivedAt: new Date(clock.now()).toISOString(),
      from: senderAddress,
      to: recipients.map(({ address }) => address),
      subject: content.subject,
      text: content.plainText ?? "",
      html: content.html ?? "",
      replyTo: replyTo?.map(({ address }) => address) ?? [],
      attachments: attachments ?? [],
    });
    return accepted(request, operationId);
  }
}

function readMessage(bytes: Uint8Array): { message: z.infer<typeof Message> } | { refused: string } {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return { refused: "The request body is not JSON." };
  }
  const read = Message.safeParse(body);
  if (read.success) return { message: read.data };
  const [issue] = read.error.issues;
  return {
    refused: `The field '${issue?.path.join(".") ?? ""}' is invalid: ${issue?.message ?? "unknown"}.`,
  };
}

function accepted({ origin, query }: ServiceRequest, id: string): ServiceAnswer {
  const version = encodeURIComponent(query.get("api-version") ?? "");
  return {
    status: 202,
    headers: {
      "operation-location": `${origin}/emails/operations/${id}?api-version=${version}`,
      "operation-id": id,
    },
    body: { id, status: "Running", error: null },
  };
}

function refusal(status: number, code: string, message: string): ServiceAnswer {
  return { status, headers: { "x-ms-error-code": code }, body: { error: { code, message } } };
}
