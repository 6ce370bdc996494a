import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { CardStore } from "./store.ts";
import { problemsOf } from "./validate.ts";

export interface TeamsOptions {
  readonly store: CardStore;
  readonly clock: Clock;
}

const WORKFLOW_ID = "00000000000000000000000000000010";
const RUN_PATH = "/triggers/manual/run";
/** Teams refuses a larger message; the whole request counts, because all of it becomes one. */
const MOST_BYTES = 28 * 1024;
/** What Teams lets through in any second. */
const MOST_A_SECOND = 4;
const CARD_TYPE = "application/vnd.microsoft.card.adaptive";
const MOST_PROBLEMS_TOLD = 10;

const Message = z.looseObject({
  type: z.literal("message"),
  attachments: z
    .array(z.looseObject({ contentType: z.literal(CARD_TYPE), content: z.unknown() }))
    .min(1, "found none, expected one Adaptive Card at least"),
});

/**
 * The webhook of a Teams workflow, "Post to a channel when a webhook request is received".
 *
 * Power Automate answers 202 to any message and fails its run when the card is bad; nobody would see that run here, so
 * the card is checked before the answer.
 *
 * @see https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
 */
export function createTeams({ store, clock }: TeamsOptions) {
  const signature = store.signature(WORKFLOW_ID);
  const recent: number[] = [];

  function handle(request: ServiceRequest): ServiceAnswer | undefined {
    const [area, id, ...rest] = request.segments;
    if (area !== "workflows" || rest.join("/") !== "triggers/manual/paths/invoke") return undefined;
    if (request.method !== "POST") {
      return refusal(405, "MethodNotAllowed", `The trigger takes POST, not ${request.method}.`);
    }
    return refuseCaller(request, id ?? "", signature) ?? throttle() ?? post(request);
  }

  function throttle(): ServiceAnswer | undefined {
    const now = clock.now();
    while (recent[0] !== undefined && recent[0] <= now - 1000) recent.shift();
    if (recent.length >= MOST_A_SECOND) {
      const answer = refusal(
        429,
        "TooManyRequests",
        `Rate limit is exceeded: more than ${MOST_A_SECOND} requests in a second. Try again after a growing wait.`,
      );
      return { ...answer, headers: { "retry-after": "1" } };
    }
    recent.push(now);
    return undefined;
  }

  function post(request: ServiceRequest): ServiceAnswer {
    if (request.body.byteLength > MOST_BYTES) {
      return refusal(
        413,
        "RequestEntityTooLarge",
        `The message has ${request.body.byteLength} bytes, expected ${MOST_BYTES} at most: shorten the card.`,
      );
    }
    const read = readCards(request.body);
    if ("refused" in read) return read.refused;
    const runId = randomUUID().replaceAll("-", "").toUpperCase();
    const receivedAt = new Date(clock.now()).toISOString();
    store.add(read.cards.map((card) => ({ runId, receivedAt, card })));
    return {
      status: 202,
      headers: {
        "x-ms-workflow-id": WORKFLOW_ID,
        "x-ms-workflow-name": WORKFLOW_ID,
        "x-ms-workflow-run-id": runId,
        "x-ms-client-tracking-id": runId,
        "x-ms-trigger-type": "Http",
      },
    };
  }

  const query = new URLSearchParams({ "api-version": "2016-06-01", sp: RUN_PATH, sv: "1.0", sig: signature });
  return { handle, path: `/workflows/${WORKFLOW_ID}/triggers/manual/paths/invoke?${query}` };
}

function refuseCaller({ query }: ServiceRequest, id: string, signature: string): ServiceAnswer | undefined {
  if (!query.get("api-version")) {
    return refusal(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    );
  }
  const shown = query.get("sig");
  if (shown === null) {
    return refusal(
      401,
      "DirectApiAuthorizationRequired",
      "The request must be authenticated only by Shared Access scheme.",
    );
  }
  if (id !== WORKFLOW_ID) return refusal(404, "WorkflowNotFound", `The workflow '${id}' could not be found.`);
  const isOwn = query.get("sp") === RUN_PATH && query.get("sv") === "1.0" && isEqual(shown, signature);
  if (isOwn) return undefined;
  return refusal(
    401,
    "AuthorizationFailed",
    "The authentication credentials are not valid: check sp, sv and sig.",
  );
}

function readCards(bytes: Uint8Array): { cards: unknown[] } | { refused: ServiceAnswer } {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return {
      refused: refusal(400, "InvalidRequestContent", "The request content is not valid JSON in UTF-8."),
    };
  }
  const read = Message.safeParse(body);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => ({
      path: `$${path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")}`,
      message,
    }));
    return {
      refused: invalid(
        "TriggerInputSchemaMismatch",
        "The message is not one that the workflow takes",
        problems,
      ),
    };
  }
  const cards = read.data.attachments.map(({ content }) => content);
  const problems = cards.flatMap((card, index) => problemsOf(card, `$.attachments[${index}].content`));
  if (problems.length === 0) return { cards };
  return { refused: invalid("InvalidCard", "Teams cannot show the card", problems) };
}

function invalid(
  code: string,
  what: string,
  problems: readonly { path: string; message: string }[],
): ServiceAnswer {
  const told = problems.slice(0, MOST_PROBLEMS_TOLD);
  const more = problems.length - told.length;
  const [first] = told;
  const message = `${what}. At ${first?.path}: ${first?.message}.${problems.length > 1 ? ` ${problems.length} problems in all.` : ""}`;
  const details = told.map(({ path, message: words }) => ({
    code: "InvalidValue",
    target: path,
    message: words,
  }));
  return {
    status: 400,
    body: { error: { code, message, target: first?.path, details, ...(more > 0 ? { more } : {}) } },
  };
}

function refusal(status: number, code: string, message: string): ServiceAnswer {
  return { status, body: { error: { code, message } } };
}

function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
