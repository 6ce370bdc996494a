import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { deliveryHeaders, type KeptEvent, toEnvelope } from "./envelope.ts";
import type { Attempt } from "./retry.ts";
import { attributeHeaders, type Subscription } from "./subscription.ts";

/** An endpoint has this long to answer. */
const ANSWER_WITHIN_MS = 30_000;
const ORIGIN = "eventgrid.azure.net";

/** Why a handshake did not (yet) succeed, or that it did. */
export type Handshake = "confirmed" | "by-hand" | "unsupported" | { readonly refused: string };

/** Sends one event or a batch, all or none; whatever goes wrong is an answer, never a throw. */
export async function deliver(
  subscription: Subscription,
  events: readonly [KeptEvent, ...KeptEvent[]],
  attempts: number,
  clock: Clock,
  stop: AbortSignal,
): Promise<Attempt> {
  const { destination, eventDeliverySchema: schema } = subscription.properties;
  const timeout = startTimeout(clock, stop);
  const envelopes = events.map((event) => toEnvelope(event, schema));
  try {
    const answer = await fetch(destination.properties.endpointUrl, {
      method: "POST",
      redirect: "manual",
      headers: {
        ...deliveryHeaders(events, schema, subscription.name, attempts),
        ...attributeHeaders(subscription.properties, envelopes[0] ?? {}),
      },
      body: JSON.stringify(envelopes),
      signal: timeout.signal,
    });
    await answer.body?.cancel();
    return { status: answer.status };
  } catch (error) {
    if (timeout.signal.aborted) return { failure: "TimedOut" };
    return { failure: causeOf(error).includes("ENOTFOUND") ? "ResolutionError" : "SocketError" };
  } finally {
    timeout.cancel();
  }
}

/** Asks the endpoint whether it wants these events: nobody can be subscribed against their will. */
export async function shakeHands(
  subscription: Subscription,
  clock: Clock,
  stop: AbortSignal,
): Promise<Handshake> {
  const timeout = startTimeout(clock, stop);
  const ask =
    subscription.properties.eventDeliverySchema === "CloudEventSchemaV1_0" ? askForOrigin : askForCode;
  try {
    return await ask(subscription, clock, timeout.signal);
  } catch (error) {
    return { refused: timeout.signal.aborted ? "no answer within 30 s" : causeOf(error) };
  } finally {
    timeout.cancel();
  }
}

/** Tells the endpoint that its subscription is gone. Sent once, whatever becomes of it. */
export async function announceDeletion(
  subscription: Subscription,
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  const timeout = startTimeout(clock, stop);
  try {
    const data = { eventSubscriptionId: subscription.resourceId };
    const answer = await sendOwnEvent(subscription, "SubscriptionDeletion", data, clock, timeout.signal);
    await answer.body?.cancel();
  } catch {
    // Nobody waits for it, and an endpoint that is gone is often why.
  } finally {
    timeout.cancel();
  }
}

const OWN_EVENTS = {
  SubscriptionValidation: "Microsoft.EventGrid.SubscriptionValidationEvent",
  SubscriptionDeletion: "Microsoft.EventGrid.SubscriptionDeletedEvent",
} as const;

function sendOwnEvent(
  { topic, name, properties }: Subscription,
  kind: keyof typeof OWN_EVENTS,
  data: Record<string, unknown>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Response> {
  const event = {
    id: randomUUID(),
    topic,
    subject: "",
    data,
    eventType: OWN_EVENTS[kind],
    eventTime: new Date(clock.now()).toISOString(),
    metadataVersion: "1",
    dataVersion: "2",
  };
  return fetch(properties.destination.properties.endpointUrl, {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": "application/json; charset=utf-8",
      "aeg-event-type": kind,
      "aeg-subscription-name": name,
      "aeg-delivery-count": "0",
      "aeg-data-version": "2",
      "aeg-metadata-version": "1",
      "aeg-output-event-id": event.id,
    },
    body: JSON.stringify([event]),
    signal,
  });
}

async function askForCode(subscription: Subscription, clock: Clock, signal: AbortSignal): Promise<Handshake> {
  const { validationCode, validationUrl } = subscription;
  const data = { validationCode, validationUrl };
  const answer = await sendOwnEvent(subscription, "SubscriptionValidation", data, clock, signal);
  const text = await answer.text();
  if (answer.status !== 200) return { refused: `status ${answer.status}, expected 200` };
  return readCode(text) === validationCode ? "confirmed" : "by-hand";
}

function readCode(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body && "validationResponse" in body
      ? body.validationResponse
      : undefined;
  } catch {
    return undefined;
  }
}

async function askForOrigin(
  subscription: Subscription,
  _clock: Clock,
  signal: AbortSignal,
): Promise<Handshake> {
  const answer = await fetch(subscription.properties.destination.properties.endpointUrl, {
    method: "OPTIONS",
    redirect: "manual",
    headers: {
      "WebHook-Request-Origin": ORIGIN,
      "WebHook-Request-Callback": subscription.validationUrl,
      "aeg-subscription-name": subscription.name,
    },
    signal,
  });
  await answer.body?.cancel();
  const allowed = answer.headers.get("webhook-allowed-origin");
  if (answer.status === 405) return "unsupported";
  if (answer.status !== 200) return { refused: `status ${answer.status}, expected 200` };
  // The endpoint may ask for its own answer later, at the callback.
  if (allowed === null) return "by-hand";
  if (allowed === "*" || allowed.toLowerCase() === ORIGIN) return "confirmed";
  return { refused: `WebHook-Allowed-Origin is '${allowed}', expected '${ORIGIN}'` };
}

function startTimeout(clock: Clock, stop: AbortSignal) {
  const controller = new AbortController();
  const cancel = clock.after(ANSWER_WITHIN_MS, () => controller.abort());
  return { signal: AbortSignal.any([controller.signal, stop]), cancel };
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error && "code" in cause ? `${String(cause.code)}` : String(cause);
}
