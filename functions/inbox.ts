import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import * as z from "zod";
import { sha256 } from "../shared/canonical.ts";
import { INBOX_OUTCOMES, type InboxEntry } from "../shared/inbox/inbox.ts";
import { jsonText } from "../shared/inbox/json-bytes.ts";
import { parseSafely, receive } from "../shared/inbox/receive.ts";
import { asNewOccurrence, renamed } from "../shared/inbox/replay.ts";
import { why } from "../shared/inbox/why.ts";
import type { Services } from "../shared/services.ts";
import { PAYLOAD_DOORS, parseAtDoor } from "../shared/signals/doors.ts";
import { parseMessage } from "../shared/traffic/parse-message.ts";
import { readBody } from "./body.ts";
import { type Traffic, takeTraffic } from "./endpoint-traffic.ts";
import { json, problem } from "./http.ts";
import { services } from "./services.ts";

type Adapters = Traffic & Pick<Services, "ledger">;

const MOST_ENTRIES = 1_000;

/** An event of Event Grid has at most 1 MB; mended, it travels inside JSON. */
const MOST_REPLAY_BYTES = 2 * 1024 * 1024;

const Time = z.iso.datetime({ offset: true, error: "a time such as 2026-01-31T08:00:00Z is expected" });

const Query = z.object({
  top: z.coerce.number().int().min(1).max(MOST_ENTRIES).default(100),
  continuation: z
    .string()
    .regex(/^\d{13}-[0-9a-f]{32}-[0-9a-z]{1,9}$/, "the value that the page before gave is expected")
    .optional(),
  outcome: z.enum(INBOX_OUTCOMES).optional(),
  door: z.string().optional(),
  since: Time.optional(),
});

/** Newest first. The next page is there as long as `continuation` is not null, however short this one is. */
export async function listInbox(
  request: HttpRequest,
  { inbox }: Adapters = services(),
): Promise<HttpResponseInit> {
  const asked = Query.safeParse(Object.fromEntries(request.query));
  if (!asked.success) return notUnderstood("Query parameter", asked.error);
  const { top, continuation, since, outcome, door } = asked.data;
  const filter = { outcome, door, since: since === undefined ? undefined : new Date(since) };
  const page = await inbox.page(top, filter, continuation);
  return json({ value: page.entries, continuation: page.continuation });
}

/** An entry and its bytes: `base64` exactly as they came, `text` where they are UTF-8. */
export async function getInboxEntry(
  request: HttpRequest,
  { inbox }: Adapters = services(),
): Promise<HttpResponseInit> {
  const entry = await inbox.get(request.params.id ?? "");
  if (!entry) return noSuchEntry(request);
  const bytes = await inbox.payload(entry.id);
  return json({ ...entry, base64: Buffer.from(bytes).toString("base64"), text: textOf(bytes) });
}

export async function whyInboxEntry(
  request: HttpRequest,
  { inbox, ledger }: Adapters = services(),
): Promise<HttpResponseInit> {
  const entry = await inbox.get(request.params.id ?? "");
  return entry ? json(await why(entry, inbox, ledger)) : noSuchEntry(request);
}

const Replay = z.object({
  reason: z.string().trim().min(1).max(2_000),
  by: z.email(),
  /** The mended payload, as JSON or as text; absent: as it came. */
  body: z.unknown().optional(),
});

/**
 * Sends an entry again, mended or as it is. Its signals get new ids, made from their own, the entry's id and the moment
 * of this request, so that they are decided anew; see {@link asNewOccurrence}. The ledger has it before it happens.
 */
export async function replayInboxEntry(
  request: HttpRequest,
  adapters: Adapters = services(),
): Promise<HttpResponseInit> {
  const { inbox, ledger, now } = adapters;
  const entry = await inbox.get(request.params.id ?? "");
  if (!entry) return noSuchEntry(request);
  const bytes = await readBody(request, MOST_REPLAY_BYTES);
  if (bytes === null) return problem(413, "Too large", `The body has more than ${MOST_REPLAY_BYTES} bytes.`);
  const asked = Replay.safeParse(parsed(bytes));
  if (!asked.success) {
    return problem(
      400,
      "Not understood",
      "Send JSON with `reason`, a text, `by`, your e-mail address, and `body`, the mended payload, if it needs mending.",
    );
  }
  const { reason, by, body } = asked.data;
  const payload = body === undefined ? await inbox.payload(entry.id) : bytesOf(body);
  const at = now();
  const replay = `${entry.id}@${at.toISOString()}`;
  await record(ledger, entry, replay, { reason, by, isMended: body !== undefined, payload });
  const again = await sendAgain(entry.door, payload, replay, at, adapters);
  return json({ ...again, replayOf: entry.id }, 202);
}

/** Records of a stream are counted as if they came from a partition of its own; the moment is their sequence number. */
async function sendAgain(
  name: string,
  payload: Uint8Array,
  replay: string,
  at: Date,
  adapters: Adapters,
): Promise<InboxEntry> {
  const door = PAYLOAD_DOORS.find((known) => known === name);
  if (door) {
    const parsed = parseSafely(() => parseAtDoor(door, payload, at, adapters.config.workspace.id));
    return receive(door, payload, asNewOccurrence(parsed, replay), adapters);
  }
  const { batch, outcome, alongside } = parseMessage(payload);
  const again = await receive(
    name,
    payload,
    asNewOccurrence(outcome, replay),
    adapters,
    renamed(alongside, replay),
  );
  await takeTraffic("replay", [{ sequence: at.getTime(), batch, body: payload }], adapters);
  return again;
}

async function record(
  ledger: Services["ledger"],
  { id, door, outcome }: InboxEntry,
  replay: string,
  asked: { reason: string; by: string; isMended: boolean; payload: Uint8Array },
): Promise<void> {
  await ledger.append(`replay:${replay}`, {
    kind: "step",
    summary:
      `${asked.by} replayed inbox entry ${id} of ${door}, ${asked.isMended ? "mended" : "as it came"}: ${asked.reason}`.slice(
        0,
        2_000,
      ),
    actor: asked.by,
    evidence: { entry: id, outcome, payloadDigest: sha256(Buffer.from(asked.payload).toString("base64")) },
  });
}

/** Signals with the time they came in, one JSON object a line, oldest first: what a backtest reads. */
export async function exportInbox(
  request: HttpRequest,
  { inbox }: Adapters = services(),
): Promise<HttpResponseInit> {
  const asked = z.object({ since: Time.optional() }).safeParse(Object.fromEntries(request.query));
  if (!asked.success) return notUnderstood("Query parameter", asked.error);
  const arrivals = await inbox.arrivals(new Date(asked.data.since ?? 0));
  const lines = arrivals.map(({ receivedAt, signal }) => `${JSON.stringify({ receivedAt, signal })}\n`);
  return {
    headers: { "content-type": "application/jsonl; charset=utf-8", "cache-control": "no-store" },
    body: lines.join(""),
  };
}

function notUnderstood(where: string, error: z.ZodError): HttpResponseInit {
  const [issue] = error.issues;
  return problem(400, "Not understood", `${where} '${issue?.path.join(".")}': ${issue?.message}`);
}

function noSuchEntry(request: HttpRequest): HttpResponseInit {
  return problem(
    404,
    "No such entry",
    `There is no inbox entry '${request.params.id}'. GET /api/inbox lists them.`,
  );
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return null;
  }
}

const bytesOf = (body: unknown): Uint8Array => Buffer.from(typeof body === "string" ? body : jsonText(body));

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const READ = { methods: ["GET" as const], authLevel: "function" as const };

app.http("listInbox", { ...READ, route: "api/inbox", handler: (request) => listInbox(request) });
app.http("exportInbox", { ...READ, route: "api/inbox/export", handler: (request) => exportInbox(request) });
app.http("getInboxEntry", { ...READ, route: "api/inbox/{id}", handler: (request) => getInboxEntry(request) });
app.http("whyInboxEntry", {
  ...READ,
  route: "api/inbox/{id}/why",
  handler: (request) => whyInboxEntry(request),
});
app.http("replayInboxEntry", {
  methods: ["POST"],
  authLevel: "function",
  route: "api/inbox/{id}/replay",
  handler: (request) => replayInboxEntry(request),
});
