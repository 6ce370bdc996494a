import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { deliveryHeaders, type KeptEvent, toEnvelope } from "./envelope.ts";
import type { Attempt } from "./retry.ts";
import type { Subscription } from "./subscription.ts";

/** An endpoint has this long to answer. */
const ANSWER_WITHIN_MS = 30_000;
const ORIGIN = "eventgrid.azure.net";

/** Why a handshake did not (yet) succeed, or that it did. */
export type Handshake = "confirmed" | "by-hand" | { readonly refused: string };

/** Sends one event; whatever goes wrong is an answer, never a throw. */
export async function deliver(
  subscription: Subscription,
  event: KeptEvent,
  attempts: number,
  clock: Clock,
  stop: AbortSignal,
): Promise<Attempt> {
  const { destination, eventDeliverySchema: schema } = subscription.properties;
  const timeout = startTimeout(clock, stop);
  try {
    const answer = await fetch(destination.properties.endpointUrl, {
      method: "POST",
      redirect: "manual",
      headers: deliveryHeaders(event, schema, subscription.name, attempts),
      body: JSON.stringify([toEnvelope(event, schema)]),
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

async function askForCode(subscription: Subscription, clock: Clock, signal: AbortSignal): Promise<Handshake> {
  const { validationCode, validationUrl, topic, name } = subscription;
  const event = {
    id: randomUUID(),
    topic,
    subject: "",
    data: { validationCode, validationUrl },
    eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
    eventTime: new Date(clock.now()).toISOString(),
    metadataVersion: "1",
    dataVersion: "2",
  };
  const answer = await fetch(subscription.properties.destination.properties.endpointUrl, {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": "application/json; charset=utf-8",
      "aeg-event-type": "SubscriptionValidation",
      "aeg-subscription-name": name,
      "aeg-delivery-count": "0",
      "aeg-data-version": "2",
      "aeg-metadata-version": "1",
      "aeg-output-event-id": event.id,
    },
    body: JSON.stringify([event]),
    signal,
  });
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
    headers: { "WebHook-Request-Origin": ORIGIN, "aeg-subscription-name": subscription.name },
    signal,
  });
  await answer.body?.cancel();
  const allowed = answer.headers.get("webhook-allowed-origin");
  if (answer.status !== 200) return { refused: `status ${answer.status}, expected 200` };
  if (allowed === "*" || allowed?.toLowerCase() === ORIGIN) return "confirmed";
  return { refused: `WebHook-Allowed-Origin is '${allowed ?? ""}', expected '${ORIGIN}'` };
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
