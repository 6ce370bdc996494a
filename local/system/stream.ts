import { groupOf, type ResourceManager } from "./resource-manager.ts";
import type { CloudAddresses } from "./settings.ts";

const API_VERSION = "2021-05-01-preview";

/**
 * Has the endpoint's requests streamed to the event hub that the product listens to, by a diagnostic setting. Only the
 * log: it tells of each request what the metrics would tell of the minute. Safe to repeat.
 *
 * The setting is made before its endpoint, which the first rollout makes. In Azure a policy of the effect
 * `deployIfNotExists` makes it with the endpoint.
 */
export async function stream(
  manager: ResourceManager,
  cloud: CloudAddresses,
  endpoint: string,
): Promise<void> {
  const at = `${cloud.workspaceId}/onlineEndpoints/${endpoint}/providers/Microsoft.Insights/diagnosticSettings/outerloop`;
  const namespace = `${groupOf(cloud.workspaceId)}/providers/Microsoft.EventHub/namespaces/evhns-outerloop`;
  await manager.put(at, API_VERSION, {
    properties: {
      eventHubAuthorizationRuleId: `${namespace}/authorizationRules/RootManageSharedAccessKey`,
      eventHubName: "endpoint-traffic",
      logs: [{ category: "AmlOnlineEndpointTrafficLog", enabled: true }],
    },
  });
}
