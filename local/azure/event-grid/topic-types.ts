/** A kind of source that system topics exist for: which resources, and which events they raise. */
export interface TopicType {
  readonly name: string;
  readonly displayName: string;
  readonly provider: string;
  /** What the ARM id of a source looks like. */
  readonly source: RegExp;
  readonly scope: "RegionalResource" | "GlobalResource";
  /** Full names of the events. */
  readonly events: readonly string[];
}

const SUBSCRIPTION = /^\/subscriptions\/[^/]+$/i;
const SUBSCRIPTION_OR_MANAGEMENT_GROUP =
  /^(\/subscriptions\/[^/]+|(\/tenants\/[^/]+)?\/providers\/Microsoft\.Management\/managementGroups\/[^/]+)$/i;
const resource = (type: string) =>
  new RegExp(
    `^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/${type.replaceAll(".", "\\.")}/[^/]+$`,
    "i",
  );
const named = (prefix: string, ...names: string[]) => names.map((name) => `${prefix}.${name}`);

/** The topic types of this product's references; others are refused by name. */
export const TOPIC_TYPES: readonly TopicType[] = [
  {
    name: "Microsoft.MachineLearningServices.Workspaces",
    displayName: "Azure Machine Learning Workspaces",
    provider: "Microsoft.MachineLearningServices",
    source: resource("Microsoft.MachineLearningServices/workspaces"),
    scope: "RegionalResource",
    events: named(
      "Microsoft.MachineLearningServices",
      "ModelRegistered",
      "ModelDeployed",
      "RunCompleted",
      "RunStatusChanged",
      "DatasetDriftDetected",
    ),
  },
  {
    name: "Microsoft.MachineLearningServices.Registries",
    displayName: "Azure Machine Learning Registries",
    provider: "Microsoft.MachineLearningServices",
    source: resource("Microsoft.MachineLearningServices/registries"),
    scope: "RegionalResource",
    // No event of a registry is documented. If one comes at all, it is that of a model.
    events: named("Microsoft.MachineLearningServices", "ModelRegistered"),
  },
  {
    name: "Microsoft.ContainerRegistry.Registries",
    displayName: "Container Registries",
    provider: "Microsoft.ContainerRegistry",
    source: resource("Microsoft.ContainerRegistry/registries"),
    scope: "RegionalResource",
    events: named(
      "Microsoft.ContainerRegistry",
      "ImagePushed",
      "ImageDeleted",
      "ChartPushed",
      "ChartDeleted",
    ),
  },
  {
    name: "Microsoft.PolicyInsights.PolicyStates",
    displayName: "Microsoft PolicyInsights",
    provider: "Microsoft.PolicyInsights",
    source: SUBSCRIPTION_OR_MANAGEMENT_GROUP,
    scope: "GlobalResource",
    events: named(
      "Microsoft.PolicyInsights",
      "PolicyStateCreated",
      "PolicyStateChanged",
      "PolicyStateDeleted",
    ),
  },
  {
    name: "Microsoft.ResourceNotifications.HealthResources",
    displayName: "Azure Resource Notifications - Health Resources",
    provider: "Microsoft.ResourceNotifications",
    source: SUBSCRIPTION,
    scope: "GlobalResource",
    events: named(
      "Microsoft.ResourceNotifications.HealthResources",
      "AvailabilityStatusChanged",
      "ResourceAnnotated",
    ),
  },
  {
    name: "Microsoft.ResourceNotifications.Resources",
    displayName: "Azure Resource Notifications - Resource Management",
    provider: "Microsoft.ResourceNotifications",
    source: SUBSCRIPTION,
    scope: "GlobalResource",
    events: named("Microsoft.ResourceNotifications.Resources", "CreatedOrUpdated", "Deleted"),
  },
];

export function findTopicType(name: string): TopicType | undefined {
  return TOPIC_TYPES.find((type) => type.name.toLowerCase() === name.toLowerCase());
}

/** Whether a topic of this type carries the event: several types may share one source, a subscription. */
export function carries(type: TopicType, eventType: string): boolean {
  return type.events.some((event) => event.toLowerCase() === eventType.toLowerCase());
}

export function topicTypeDocument(type: TopicType): Record<string, unknown> {
  const { name, displayName, provider, scope } = type;
  return {
    id: `providers/Microsoft.EventGrid/topicTypes/${name}`,
    name,
    type: "Microsoft.EventGrid/topicTypes",
    properties: {
      provider,
      displayName,
      description: `${displayName} service events.`,
      resourceRegionType: scope,
      provisioningState: "Succeeded",
    },
  };
}

export function eventTypeDocuments({ name, events }: TopicType): Record<string, unknown>[] {
  return events.map((event) => ({
    id: `providers/Microsoft.EventGrid/topicTypes/${name}/eventTypes/${event}`,
    name: event,
    type: "Microsoft.EventGrid/topicTypes/eventTypes",
    properties: { displayName: event.split(".").at(-1), isInDefaultSet: true },
  }));
}
