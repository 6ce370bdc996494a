import * as z from "zod";
import type { ServiceRequest } from "../service.ts";
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
  /** Percent of the requests that a deployment without live traffic sees, too. */
  readonly mirrorTraffic?: Readonly<Record<string, number>>;
  readonly provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";
}

/** Never part of an answer but that of listKeys or token. */
export interface EndpointSecrets {
  readonly primaryKey: string;
  readonly secondaryKey: string;
  /** Tokens that were handed out, with their end in milliseconds since the epoch. */
  readonly tokens: Readonly<Record<string, number>>;
}

const givenKey = z.string().min(1).nullish();
/** Taken when an endpoint is made, and never part of an answer. */
export const GIVEN_KEYS = z.looseObject({ primaryKey: givenKey, secondaryKey: givenKey }).nullish();
export type GivenKeys = z.infer<typeof GIVEN_KEYS>;

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
    keys: GIVEN_KEYS,
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

/** Most of the requests that can be mirrored, in percent. */
const MOST_MIRRORED = 50;
/** The first version of the API that knows of mirrored traffic. */
export const MIRROR_SINCE = "2023-04-01";

/**
 * Checks mirrored traffic and gives it the casing of the deployment's name.
 *
 * @throws {Refusal} 400 unless it is of one deployment of a managed endpoint, without live traffic, and at most 50 %
 */
export function checkMirror(
  endpoint: string,
  {
    mirror,
    traffic,
    compute,
  }: {
    readonly mirror: Readonly<Record<string, number>>;
    readonly traffic: Readonly<Record<string, number>>;
    readonly compute: string | null | undefined;
  },
  deployments: readonly string[],
): Record<string, number> {
  const given = Object.entries(mirror).filter(([, percent]) => percent !== 0);
  const [first, ...more] = given;
  if (!first) return {};
  const [name, percent] = first;
  const known = deployments.find((deployment) => deployment.toLowerCase() === name.toLowerCase());
  const refuse = (what: string) =>
    invalid(`Mirrored traffic of endpoint '${endpoint}' ${what}.`, "InvalidMirrorTraffic");
  if (compute) throw refuse("cannot be set, expected a managed endpoint: a Kubernetes endpoint has none");
  if (more.length > 0) throw refuse(`names ${given.length} deployments, expected one`);
  if (known === undefined) throw refuse(`names deployment '${name}', expected ${listed(deployments)}`);
  if (!Number.isInteger(percent) || percent < 0 || percent > MOST_MIRRORED) {
    throw refuse(`is ${percent}, expected a whole number from 0 to ${MOST_MIRRORED}`);
  }
  if ((traffic[known] ?? 0) > 0) {
    throw refuse(`names deployment '${known}', which has ${traffic[known]}% of the live traffic, expected 0`);
  }
  return { [known]: percent };
}

function listed(deployments: readonly string[]): string {
  return deployments.length === 0 ? "none: it has no deployments yet" : `one of ${deployments.join(", ")}`;
}

/** Where an endpoint is called, at the address the caller already uses. */
export function scoringPath(endpoint: string): string {
  return `/inference/${encodeURIComponent(endpoint)}/score`;
}

/** As a caller of that version of the API sees it. */
export function renderEndpoint(
  endpoint: Resource<EndpointProperties>,
  { origin, query }: ServiceRequest,
): Resource {
  const { mirrorTraffic, ...properties } = endpoint.properties;
  const knowsMirror = (query.get("api-version") ?? "") >= MIRROR_SINCE;
  const isUsable = endpoint.properties.provisioningState !== "Creating";
  const base = `${origin}/inference/${encodeURIComponent(endpoint.name)}`;
  const uris = isUsable
    ? { scoringUri: `${origin}${scoringPath(endpoint.name)}`, swaggerUri: `${base}/swagger.json` }
    : {};
  const mirror = knowsMirror ? { mirrorTraffic: mirrorTraffic ?? {} } : {};
  return { ...endpoint, properties: { ...properties, ...mirror, ...uris } };
}
