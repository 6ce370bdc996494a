import { z } from "zod";
import type { CloudAddresses } from "./settings.ts";

const Token = z.object({ access_token: z.string() });

const API_VERSION = "2022-06-15";
const PAUSE_MS = 50;
const TIMEOUT_MS = 30_000;

/** The events of the workspace that the product has a door for. */
const EVENT_TYPES = [
  "ModelRegistered",
  "ModelDeployed",
  "RunCompleted",
  "RunStatusChanged",
  "DatasetDriftDetected",
].map((name) => `Microsoft.MachineLearningServices.${name}`);

/**
 * Subscribes the product's door to the workspace's events, as a deployment does it in Azure: the subscription is good
 * once the door has answered its handshake. Safe to repeat.
 */
export async function subscribe(cloud: CloudAddresses, hostUrl: string): Promise<void> {
  const subscription = `${cloud.httpOrigin}${cloud.workspaceId}/providers/Microsoft.EventGrid/eventSubscriptions/outerloop`;
  const url = `${subscription}?api-version=${API_VERSION}`;
  const headers = {
    authorization: `Bearer ${await identityToken(cloud)}`,
    "content-type": "application/json",
  };
  const properties = {
    destination: {
      endpointType: "WebHook",
      properties: { endpointUrl: `${hostUrl}/runtime/webhooks/eventgrid?functionName=modelEvents` },
    },
    filter: { includedEventTypes: EVENT_TYPES },
    eventDeliverySchema: "EventGridSchema",
  };
  const deadline = Date.now() + TIMEOUT_MS;
  let init: RequestInit = { method: "PUT", headers, body: JSON.stringify({ properties }) };
  for (;;) {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await answer.text();
    if (!answer.ok)
      throw new Error(`Subscribing to the workspace's events was answered ${answer.status}: ${text}`);
    const state: unknown = JSON.parse(text).properties?.provisioningState;
    if (state === "Succeeded") return;
    if (state === "Failed" || Date.now() > deadline) {
      throw new Error(`The event subscription is ${state}, expected Succeeded.`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    init = { headers };
  }
}

/** A token of the app's own identity, asked for as App Service lets its apps ask. */
export async function identityToken(cloud: CloudAddresses): Promise<string> {
  const query = new URLSearchParams({ "api-version": "2019-08-01", resource: cloud.origin });
  const answer = await fetch(`${cloud.identityEndpoint}?${query}`, {
    headers: { "x-identity-header": cloud.identityHeader },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return Token.parse(await answer.json()).access_token;
}
