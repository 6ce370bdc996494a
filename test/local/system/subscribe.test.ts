import { afterAll, beforeAll, expect, test } from "vitest";
import type { AzureContext } from "../../../local/azure/services.ts";
import { openResourceManager } from "../../../local/system/resource-manager.ts";
import { stream } from "../../../local/system/stream.ts";
import { subscribe } from "../../../local/system/subscribe.ts";
import { parseModelEvent } from "../../../shared/signals/parse.ts";
import { eventually } from "../../waiting.ts";
import { GROUP, SUBSCRIPTION, startCloud } from "../azure/cloud.ts";
import { startSubscriber } from "../azure/event-grid/subscriber.ts";

let context: AzureContext;
let door: Awaited<ReturnType<typeof startSubscriber>>;
const cloud = startCloud({
  services: (given) => {
    context = given;
    return [];
  },
});

beforeAll(async () => {
  door = await startSubscriber();
});
afterAll(() => door.stop());

test("the product's door is told of models, images, policy states and health, and is told once when it is done twice", async () => {
  const manager = await openResourceManager(cloud.azure);
  await subscribe(manager, cloud.azure, `http://127.0.0.1:${door.port}`);
  await subscribe(manager, cloud.azure, `http://127.0.0.1:${door.port}`);
  const { workspaceId, registryId } = cloud.azure;
  const subscription = `/subscriptions/${SUBSCRIPTION}`;
  const policyState = {
    timestamp: "2026-01-01T00:00:00Z",
    policyAssignmentId: `${subscription}/providers/Microsoft.Authorization/policyAssignments/private-only`,
    policyDefinitionId: "/providers/Microsoft.Authorization/policyDefinitions/438c38d2",
    complianceState: "NonCompliant",
  };
  const availability = { targetResourceId: workspaceId, availabilityState: "Unavailable" };
  const raised = [
    {
      topic: workspaceId,
      eventType: "Microsoft.MachineLearningServices.ModelRegistered",
      data: { ModelName: "weather", ModelVersion: "3" },
    },
    {
      topic: registryId,
      eventType: "Microsoft.ContainerRegistry.ImagePushed",
      data: { action: "push", target: { repository: "weather", digest: "sha256:1" } },
    },
    { topic: subscription, eventType: "Microsoft.PolicyInsights.PolicyStateCreated", data: policyState },
    {
      topic: subscription,
      eventType: "Microsoft.ResourceNotifications.HealthResources.AvailabilityStatusChanged",
      data: { resourceInfo: { properties: availability } },
    },
  ];
  for (const event of raised) context.raise({ ...event, subject: workspaceId });
  // Nobody has asked for those: the door would have no use for them.
  context.raise({
    topic: subscription,
    subject: workspaceId,
    eventType: "Microsoft.ResourceNotifications.Resources.CreatedOrUpdated",
    data: {},
  });
  const deliveries = await door.until(4);
  const told = deliveries.map(({ body }) => parseModelEvent(body));
  expect(told.map(({ outcome, ...rest }) => [outcome, "rule" in rest ? rest.rule : ""]).sort()).toEqual([
    ["ignored", "registry/changed"],
    ["signal", "health/availability-changed"],
    ["signal", "ml/model-registered"],
    ["signal", "policy/state-changed"],
  ]);
  await eventually(() => expect(cloud.azure.stats()).toMatchObject({ eventsRaised: 5, eventsDelivered: 4 }));
  expect(door.notifications).toHaveLength(4);
});

test("an endpoint's requests are streamed to the hub that the product listens to, also when it is asked for twice", async () => {
  const manager = await openResourceManager(cloud.azure);
  await stream(manager, cloud.azure, "weather-max");
  await stream(manager, cloud.azure, "weather-max");
  const at = `${cloud.azure.workspaceId}/onlineEndpoints/weather-max/providers/Microsoft.Insights/diagnosticSettings`;
  const { body } = await cloud.call("GET", `${at}?api-version=2021-05-01-preview`);
  expect(body).toMatchObject({
    value: [
      {
        name: "outerloop",
        properties: {
          eventHubName: "endpoint-traffic",
          eventHubAuthorizationRuleId: expect.stringContaining(`/resourceGroups/${GROUP}/`),
          logs: [{ category: "AmlOnlineEndpointTrafficLog", enabled: true }],
        },
      },
    ],
  });
});
