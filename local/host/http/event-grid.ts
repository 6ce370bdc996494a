import type { FunctionDefinition, FunctionInvoker, TypedData } from "../contract.ts";
import { isType } from "../worker/registry.ts";
import { type Answer, json, text } from "./answer.ts";

/** As the extension has them: nothing may stand before or behind. */
const EVENT_GRID_HOSTS = /^eventgrid\.azure\.(net|us|cn|eaglex\.ic\.gov|microsoft\.scloud)$/i;

export interface EventGridRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Webhook of the Event Grid extension: handshakes of both schemas, and one invocation for each event. */
export async function handleEventGrid(
  request: EventGridRequest,
  worker: FunctionInvoker,
  isDisabled: (functionName: string) => boolean,
): Promise<Answer> {
  const name = request.query.get("functionName") ?? "";
  const definition = worker.functions.find(
    (each) => each.name.toLowerCase() === name.toLowerCase() && isType(each.trigger, "eventGridTrigger"),
  );
  if (!definition || isDisabled(definition.name)) return text(404, `cannot find function: '${name}'`);
  if (request.method === "OPTIONS") return allowOrigin(request.headers["webhook-request-origin"]);
  if (request.method !== "POST") return text(400, `Event Grid delivers by POST, found ${request.method}.`);

  const kind = request.headers["aeg-event-type"]?.toLowerCase();
  if (kind === "unsubscribe") return { status: 202 };
  if (kind !== "notification" && kind !== "subscriptionvalidation") {
    return text(
      400,
      `Header aeg-event-type is '${kind ?? ""}', expected SubscriptionValidation, Notification or Unsubscribe.`,
    );
  }
  // what the extension cannot read is an exception of its, and the host answers 500: Event Grid sends it again
  const body = parse(request.body);
  if (typeof body !== "object" || body === null)
    return text(500, "The body is neither a JSON object nor an array.");
  const events = Array.isArray(body) ? body : [body];
  return kind === "subscriptionvalidation" ? validate(events[0]) : notify(definition, events, worker);
}

function allowOrigin(origin: string | undefined): Answer {
  const allowed = origin !== undefined && EVENT_GRID_HOSTS.test(origin) ? origin : "eventgrid.azure.net";
  return { status: 200, headers: { "Webhook-Allowed-Origin": allowed } };
}

function validate(event: unknown): Answer {
  const data = isObject(event) ? event.data : undefined;
  const content = typeof data === "string" ? parse(data) : data;
  const code = isObject(content) ? content.validationCode : undefined;
  if (typeof code !== "string") return text(500, "The validation event carries no data.validationCode.");
  return json(200, { validationResponse: code });
}

async function notify(
  definition: FunctionDefinition,
  events: readonly unknown[],
  worker: FunctionInvoker,
): Promise<Answer> {
  if (definition.trigger.cardinality !== "many" && !events.every(isObject)) {
    return text(500, "Unable to bind: an event is a JSON object.");
  }
  const invocations =
    definition.trigger.cardinality === "many" ? [toBatch(events)] : events.map((event) => toSingle(event));
  const reason = "EventGrid trigger fired";
  const outcomes = await Promise.all(
    invocations.map((invocation) => worker.invoke({ functionName: definition.name, reason, ...invocation })),
  );
  const failures = outcomes.filter((outcome) => !outcome.succeeded);
  if (failures.length === 0) return { status: 202 };
  const messages = failures.map(({ message }) => message).join("\n");
  return text(500, `Exception while executing function: Functions.${definition.name}: ${messages}`);
}

function toSingle(event: unknown) {
  const triggerMetadata: Record<string, TypedData> = {};
  if (isObject(event)) {
    for (const [name, value] of Object.entries(event)) {
      if (name !== "data" && Array.isArray(value)) continue;
      triggerMetadata[name] = typeof value === "string" ? { string: value } : { json: JSON.stringify(value) };
    }
  }
  return { triggerData: { json: JSON.stringify(event) }, triggerMetadata };
}

function toBatch(events: readonly unknown[]) {
  const data = events.map((event) => (isObject(event) ? event.data : null));
  return {
    triggerData: { json: JSON.stringify(events) },
    triggerMetadata: { data: { json: JSON.stringify(data) } },
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
