import { z } from "zod";
import { invalid } from "./refusal.ts";
import type { Resource } from "./resource.ts";

type AuthMode = "Key" | "AMLToken" | "AADToken";

export interface EndpointProperties {
  readonly authMode: AuthMode;
  readonly description?: string | null;
  readonly properties?: Readonly<Record<string, string | null>> | null;
  readonly compute?: string | null;
  readonly publicNetworkAccess: string;
  readonly traffic: Readonly<Record<string, number>>;
  readonly provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";
}

/** Never part of an answer but that of listKeys or token. */
export interface EndpointSecrets {
  readonly primaryKey: string;
  readonly secondaryKey: string;
  /** Tokens that were handed out, with their end in milliseconds since the epoch. */
  readonly tokens: Readonly<Record<string, number>>;
}

const dictionary = z.record(z.string(), z.string().nullable());

export const ENDPOINT_BODY = z.looseObject({
  location: z.string().min(1),
  tags: z.record(z.string(), z.string()).nullish(),
  kind: z.string().nullish(),
  identity: z.looseObject({}).nullish(),
  sku: z.looseObject({ name: z.string(), capacity: z.number().int().optional() }).nullish(),
  properties: z.looseObject({
    authMode: z.enum(["Key", "AMLToken", "AADToken"]),
    description: z.string().nullish(),
    properties: dictionary.nullish(),
    compute: z.string().nullish(),
    publicNetworkAccess: z.enum(["Enabled", "Disabled"]).nullish(),
    traffic: z.record(z.string(), z.number()).nullish(),
    mirrorTraffic: z.record(z.string(), z.number()).nullish(),
  }),
});

export const ENDPOINT_PATCH = z.looseObject({
  tags: z.record(z.string(), z.string()).nullish(),
  identity: z.looseObject({}).nullish(),
});

/**
 * Checks a traffic split and gives it the casing of the deployments' names.
 *
 * @throws {Refusal} 400 when it names another deployment, or is not of whole percents that make 0 or 100
 */
export function checkTraffic(
  endpoint: string,
  traffic: Readonly<Record<string, number>>,
  deployments: readonly string[],
): Record<string, number> {
  const split = Object.entries(traffic).map(([name, percent]) => {
    const known = deployments.find((deployment) => deployment.toLowerCase() === name.toLowerCase());
    if (known === undefined) {
      throw invalid(
        `Traffic of endpoint '${endpoint}' names deployment '${name}', expected ${listed(deployments)}.`,
        "DeploymentNotFound",
      );
    }
    if (!Number.isInteger(percent) || percent < 0 || percent > 100) {
      throw invalid(`Traffic of deployment '${known}' is ${percent}, expected a whole number from 0 to 100.`);
    }
    return [known, percent] as const;
  });
  const total = split.reduce((sum, [, percent]) => sum + percent, 0);
  if (total !== 0 && total !== 100) {
    throw invalid(`Traffic of endpoint '${endpoint}' sums to ${total}, expected 0 or 100.`, "InvalidTraffic");
  }
  return Object.fromEntries(split);
}

function listed(deployments: readonly string[]): string {
  return deployments.length === 0 ? "none: it has no deployments yet" : `one of ${deployments.join(", ")}`;
}

/** Where an endpoint is called, at the address the caller already uses. */
function scoringPath(endpoint: string): string {
  return `/inference/${encodeURIComponent(endpoint)}/score`;
}

export function renderEndpoint(endpoint: Resource<EndpointProperties>, origin: string): Resource {
  const isUsable = endpoint.properties.provisioningState !== "Creating";
  const base = `${origin}/inference/${encodeURIComponent(endpoint.name)}`;
  const uris = isUsable
    ? { scoringUri: `${origin}${scoringPath(endpoint.name)}`, swaggerUri: `${base}/swagger.json` }
    : {};
  return { ...endpoint, properties: { ...endpoint.properties, ...uris } };
}
