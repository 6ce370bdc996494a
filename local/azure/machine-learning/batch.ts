import * as z from "zod";
import type { ServiceRequest } from "../service.ts";
import { GIVEN_KEYS } from "./endpoint.ts";
import { invalid } from "./refusal.ts";
import type { Resource } from "./resource.ts";

type ProvisioningState = "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";

export interface BatchEndpointProperties {
  readonly authMode: "AADToken" | "AMLToken" | "Key";
  readonly description?: string | null | undefined;
  readonly properties?: Readonly<Record<string, string | null>> | null | undefined;
  readonly defaults?: { readonly deploymentName?: string | null | undefined } | null | undefined;
  readonly provisioningState: ProvisioningState;
}

export interface BatchDeploymentProperties {
  readonly compute?: string | null | undefined;
  readonly model: ModelReference;
  readonly environmentId?: string | null | undefined;
  readonly errorThreshold: number;
  readonly miniBatchSize: number;
  readonly outputAction: "AppendRow" | "SummaryOnly";
  readonly outputFileName: string;
  readonly retrySettings: { readonly maxRetries: number };
  readonly resources?: object | null | undefined;
  readonly provisioningState: ProvisioningState;
}

/** @see the official description: what counts when the caller leaves it out */
export const BATCH_DEFAULTS = {
  errorThreshold: -1,
  loggingLevel: "Info",
  maxConcurrencyPerInstance: 1,
  miniBatchSize: 10,
  outputAction: "AppendRow",
  outputFileName: "predictions.csv",
  retrySettings: { maxRetries: 3, timeout: "PT30S" },
} as const;

const tracked = {
  location: z.string().min(1),
  tags: z.record(z.string(), z.string()).nullish(),
  kind: z.string().nullish(),
  identity: z.looseObject({ type: z.string() }).nullish(),
  sku: z.looseObject({ name: z.string() }).nullish(),
};
const dictionary = z.record(z.string(), z.string().nullable()).nullish();

export const BATCH_ENDPOINT_BODY = z.looseObject({
  ...tracked,
  properties: z.looseObject({
    authMode: z.enum(["AADToken", "AMLToken", "Key"]),
    description: z.string().nullish(),
    keys: GIVEN_KEYS,
    properties: dictionary,
    defaults: z.looseObject({ deploymentName: z.string().nullish() }).nullish(),
  }),
});

const ModelReference = z.discriminatedUnion("referenceType", [
  z.looseObject({ referenceType: z.literal("Id"), assetId: z.string().min(1) }),
  z.looseObject({ referenceType: z.literal("DataPath"), datastoreId: z.string(), path: z.string() }),
  z.looseObject({ referenceType: z.literal("OutputPath"), jobId: z.string(), path: z.string() }),
]);
export type ModelReference = z.infer<typeof ModelReference>;

export const BATCH_DEPLOYMENT_BODY = z.looseObject({
  ...tracked,
  properties: z.looseObject({
    model: ModelReference,
    compute: z.string().nullish(),
    environmentId: z.string().nullish(),
    description: z.string().nullish(),
    properties: dictionary,
    environmentVariables: dictionary,
    codeConfiguration: z
      .null({ error: "expected none: models are scored by their own flavor here" })
      .optional(),
    deploymentConfiguration: z
      .null({ error: "expected none: batch deployments serve models here" })
      .optional(),
    errorThreshold: z.number().int().min(-1).default(BATCH_DEFAULTS.errorThreshold),
    miniBatchSize: z.number().int().min(1).default(BATCH_DEFAULTS.miniBatchSize),
    outputAction: z.enum(["AppendRow", "SummaryOnly"]).default(BATCH_DEFAULTS.outputAction),
    outputFileName: z.string().min(1).default(BATCH_DEFAULTS.outputFileName),
    retrySettings: z.looseObject({ maxRetries: z.number().int().min(0).default(3) }).nullish(),
    resources: z.looseObject({ instanceCount: z.number().int().min(1).nullish() }).nullish(),
  }),
});

export const BATCH_ENDPOINT_PATCH = z.looseObject({
  tags: z.record(z.string(), z.string()).nullish(),
  identity: z.looseObject({ type: z.string() }).nullish(),
});
export const BATCH_DEPLOYMENT_PATCH = z.looseObject({
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.looseObject({ description: z.string().nullish() }).nullish(),
});

/** The address of the model that a batch deployment names. */
export function modelUri(model: ModelReference): string {
  if (model.referenceType === "Id") return model.assetId;
  const name = (id: string) => id.slice(id.lastIndexOf("/") + 1);
  if (model.referenceType === "DataPath")
    return `azureml://datastores/${name(model.datastoreId)}/paths/${model.path}`;
  const [output, ...path] = model.path.replace(/^outputs\//, "").split("/");
  if (!output) throw invalid(`model.path is '${model.path}', expected the name of an output of the job.`);
  return `azureml://jobs/${name(model.jobId)}/outputs/${output}/paths/${path.join("/")}`;
}

export function renderBatchEndpoint(
  endpoint: Resource<BatchEndpointProperties>,
  { origin }: ServiceRequest,
): Resource {
  const scoringUri = `${origin}/inference/${encodeURIComponent(endpoint.name)}/jobs`;
  const isUsable = endpoint.properties.provisioningState !== "Creating";
  return { ...endpoint, properties: { ...endpoint.properties, ...(isUsable && { scoringUri }) } };
}
