import * as z from "zod";
import type { Resource } from "./resource.ts";
import type { Row } from "./store.ts";

export interface DeploymentProperties {
  readonly endpointComputeType: "Managed" | "Kubernetes";
  readonly model?: string | null | undefined;
  readonly environmentId?: string | null | undefined;
  readonly instanceType?: string | null | undefined;
  readonly appInsightsEnabled?: boolean | null | undefined;
  readonly egressPublicNetworkAccess?: string | undefined;
  readonly scaleSettings?: object | undefined;
  readonly requestSettings?: RequestSettings | null | undefined;
  readonly dataCollector?: DataCollectorSettings | null | undefined;
  readonly provisioningState: "Creating" | "Updating" | "Scaling" | "Deleting" | "Succeeded" | "Failed";
}

/** What a deployment keeps to itself. */
export interface DeploymentSecrets {
  /** As it was when an operation on it last succeeded: this is what serves, whatever was asked for since. */
  readonly live?: Resource<DeploymentProperties> | undefined;
}

export type DeploymentRow = Row<DeploymentProperties, DeploymentSecrets>;

/** What serves; undefined for one that never provisioned, or that is being deleted. */
export function liveOf({ resource, hidden }: DeploymentRow): Resource<DeploymentProperties> | undefined {
  const { provisioningState } = resource.properties;
  if (provisioningState === "Deleting") return undefined;
  return hidden.live ?? (provisioningState === "Succeeded" ? resource : undefined);
}

interface RequestSettings {
  readonly requestTimeout?: string | null | undefined;
  readonly maxConcurrentRequestsPerInstance?: number | null | undefined;
}

interface DataCollectorSettings {
  readonly collections: Readonly<Record<string, CollectionSettings>>;
}

interface CollectionSettings {
  readonly dataCollectionMode?: string | null | undefined;
  /** Share of the requests that are collected, 0 to 1; all when it says nothing. */
  readonly samplingRate?: number | null | undefined;
}

/** The first version of the API that knows of data collection. */
export const COLLECTOR_SINCE = "2024-04-01";
export const MAX_INSTANCES = 50;
/** Of one endpoint. */
export const MOST_DEPLOYMENTS = 20;
/** Endpoints cut a request off after this long, whatever the deployment asks for. */
export const MAX_REQUEST_TIMEOUT_MS = { Managed: 180_000, Kubernetes: 300_000 } as const;
export const DEFAULT_REQUEST_TIMEOUT = "PT5S";

const capacity = z.number().int().min(1, "expected at least 1 instance").max(MAX_INSTANCES);

const DEFAULT_REQUEST_SETTINGS = {
  requestTimeout: DEFAULT_REQUEST_TIMEOUT,
  maxConcurrentRequestsPerInstance: 1,
  maxQueueWait: "PT0.5S",
};

/** What the official description says counts when the caller leaves a field out. */
const orElse = <T>(schema: z.ZodType<T>, fallback: T) =>
  schema.nullish().transform((given): T => given ?? fallback);

export const DEPLOYMENT_BODY = z.looseObject({
  location: z.string().min(1),
  tags: z.record(z.string(), z.string()).nullish(),
  kind: z.string().nullish(),
  identity: z.looseObject({}).nullish(),
  sku: z.looseObject({ name: z.string(), capacity: capacity.nullish() }).nullish(),
  properties: z.looseObject({
    endpointComputeType: z.enum(["Managed", "Kubernetes"]),
    model: z.string().min(1),
    environmentId: z.string().nullish(),
    codeConfiguration: z
      .null({ error: "expected none: models are served by their own flavor here" })
      .optional(),
    instanceType: z.string().nullish(),
    appInsightsEnabled: z.boolean().nullish(),
    environmentVariables: z.record(z.string(), z.string().nullable()).nullish(),
    properties: z.record(z.string(), z.string().nullable()).nullish(),
    requestSettings: z
      .looseObject({
        requestTimeout: orElse(z.string(), DEFAULT_REQUEST_SETTINGS.requestTimeout),
        maxConcurrentRequestsPerInstance: orElse(
          z.number().int().min(1),
          DEFAULT_REQUEST_SETTINGS.maxConcurrentRequestsPerInstance,
        ),
        maxQueueWait: orElse(z.string(), DEFAULT_REQUEST_SETTINGS.maxQueueWait),
      })
      .nullish()
      .transform((given) => given ?? DEFAULT_REQUEST_SETTINGS),
    dataCollector: z
      .looseObject({
        collections: z.record(
          z.string(),
          z.looseObject({
            dataCollectionMode: orElse(z.enum(["Enabled", "Disabled"]), "Disabled"),
            samplingRate: orElse(z.number().min(0).max(1), 1),
          }),
        ),
        rollingRate: orElse(z.enum(["Year", "Month", "Day", "Hour", "Minute"]), "Hour"),
      })
      .nullish(),
  }),
});

export const DEPLOYMENT_PATCH = z.looseObject({
  tags: z.record(z.string(), z.string()).nullish(),
  sku: z.looseObject({ capacity: capacity.nullish() }).nullish(),
});

export const LOGS_BODY = z.looseObject({
  containerType: z.enum(["InferenceServer", "StorageInitializer"]).nullish(),
  tail: z.number().int().min(0).nullish(),
});
