import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { groupOf, type ResourceManager, TIMEOUT_MS } from "./resource-manager.ts";
import type { CloudAddresses } from "./settings.ts";

const API_VERSION = "2022-06-15";
const PAUSE_MS = 50;

const State = z.object({ properties: z.object({ provisioningState: z.string() }) });

/** A source whose events the product has a door for: all that it raises. */
interface Source {
  readonly source: string;
  /** A subscription's own events come through a system topic; a resource's need none that is named. */
  readonly topic?: { readonly name: string; readonly topicType: string };
}

function sourcesOf({ workspaceId, registryId }: CloudAddresses): Source[] {
  const [, subscription = ""] = /^(\/subscriptions\/[^/]+)/i.exec(workspaceId) ?? [];
  return [
    { source: workspaceId },
    { source: registryId },
    {
      source: subscription,
      topic: { name: "policy-states", topicType: "Microsoft.PolicyInsights.PolicyStates" },
    },
    {
      source: subscription,
      topic: { name: "health", topicType: "Microsoft.ResourceNotifications.HealthResources" },
    },
  ];
}

/**
 * Subscribes the product's door to all events that it understands, as a deployment does it in Azure: each subscription
 * is good once the door has answered its handshake. Safe to repeat.
 */
export async function subscribe(
  manager: ResourceManager,
  cloud: CloudAddresses,
  hostUrl: string,
): Promise<void> {
  await Promise.all(sourcesOf(cloud).map((source) => subscribeTo(source, manager, cloud, hostUrl)));
}

async function subscribeTo(
  { topic, source }: Source,
  manager: ResourceManager,
  { workspaceId }: CloudAddresses,
  hostUrl: string,
): Promise<void> {
  const provider = "providers/Microsoft.EventGrid";
  const topicId = topic && `${groupOf(workspaceId)}/${provider}/systemTopics/${topic.name}`;
  if (topicId) {
    const properties = { source, topicType: topic.topicType };
    await manager.put(topicId, API_VERSION, { location: "global", properties });
  }
  const id = topicId
    ? `${topicId}/eventSubscriptions/outerloop`
    : `${source}/${provider}/eventSubscriptions/outerloop`;
  const properties = {
    destination: {
      endpointType: "WebHook",
      properties: { endpointUrl: `${hostUrl}/runtime/webhooks/eventgrid?functionName=modelEvents` },
    },
    eventDeliverySchema: "EventGridSchema",
  };
  const deadline = Date.now() + TIMEOUT_MS;
  let answer = await manager.put(id, API_VERSION, { properties });
  for (;;) {
    const { provisioningState } = State.parse(answer).properties;
    if (provisioningState === "Succeeded") return;
    if (provisioningState === "Failed" || Date.now() > deadline) {
      throw new Error(`The event subscription ${id} is ${provisioningState}, expected Succeeded.`);
    }
    await pause(PAUSE_MS);
    answer = await manager.get(id, API_VERSION);
  }
}
