import { type Clock, systemClock } from "../../clock.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { signManagedIdentity } from "./claims.ts";
import { APP_CLIENT_ID, IDENTITY_CLIENT_ID, REGISTRATIONS, TENANT_ID } from "./directory.ts";
import { ensureKeys } from "./keys.ts";
import { createOpenId, isForAzure } from "./open-id.ts";
import { IdentityStore } from "./store.ts";

export interface IdentityOptions {
  /** Folder that keeps the signing key, the secrets, and who is signed in, so that all of it outlives a restart. */
  readonly data: string;
  readonly clock?: Clock;
}

/** An application of the directory, as it signs itself in. */
export interface Application {
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Identity {
  readonly service: Service;
  /** Path of the token endpoint: `IDENTITY_ENDPOINT` is the front's http origin and this. */
  readonly endpointPath: string;
  /** `IDENTITY_HEADER`: who knows it, is the app. */
  readonly identityHeader: string;
  /** The authority is the front's origin and this tenant. */
  readonly tenantId: string;
  /** The app that people sign in to. */
  readonly app: Application;
  /** All of the directory, the app first; the others are the processes of the table of personas. */
  readonly applications: readonly Application[];
  /** Whether a request carries a bearer token of ours for a service of Azure that has not run out. `headers` has lower-case keys. */
  authenticate(headers: Readonly<Record<string, string>>): boolean;
}

const TOKEN_LIFE_S = 24 * 60 * 60;
const ENDPOINT_PATH = "/msi/token";
const API_VERSION = "2019-08-01";

/**
 * Entra ID on this machine: people and applications that sign in, the managed identity endpoint of App Service, and
 * the check of the tokens that they get.
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export async function createIdentity({ data, clock = systemClock }: IdentityOptions): Promise<Identity> {
  const keys = await ensureKeys(data);
  const store = new IdentityStore(data);
  store.forgetExpired(clock.now());
  const openId = createOpenId({ store, keys, clock });

  async function managedIdentity(request: ServiceRequest): Promise<ServiceAnswer> {
    if (request.method !== "GET") return refusal(405, `Method ${request.method} is not allowed, use GET.`);
    if (request.headers["x-identity-header"] !== keys.identityHeader) {
      return refusal(401, "The X-IDENTITY-HEADER header is missing, or is not this app's IDENTITY_HEADER.");
    }
    const version = request.query.get("api-version");
    if (version !== API_VERSION) {
      return refusal(400, `api-version is '${version ?? ""}', expected '${API_VERSION}'.`);
    }
    const resource = request.query.get("resource");
    if (!resource) return refusal(400, "The query has no 'resource': name the audience of the token.");
    const issuedAt = Math.floor(clock.now() / 1000);
    const body = {
      access_token: await signManagedIdentity({ keys, now: clock.now() }, resource, TOKEN_LIFE_S),
      client_id: IDENTITY_CLIENT_ID,
      expires_on: String(issuedAt + TOKEN_LIFE_S),
      not_before: String(issuedAt),
      resource,
      token_type: "Bearer",
    };
    return { status: 200, headers: { "cache-control": "no-store" }, body };
  }

  const applications = REGISTRATIONS.map(({ name, clientId }) => ({
    name,
    clientId,
    clientSecret: keys.clientSecret(clientId),
  }));
  return {
    service: {
      name: "identity",
      handle: async (request) =>
        request.path === ENDPOINT_PATH ? managedIdentity(request) : openId(request),
      stop: async () => store.close(),
    },
    endpointPath: ENDPOINT_PATH,
    identityHeader: keys.identityHeader,
    tenantId: TENANT_ID,
    app: { name: "Outerloop", clientId: APP_CLIENT_ID, clientSecret: keys.clientSecret(APP_CLIENT_ID) },
    applications,
    authenticate: (headers) => isForAzure(headers, keys, clock.now()),
  };
}

function refusal(statusCode: number, message: string): ServiceAnswer {
  return { status: statusCode, body: { statusCode, message } };
}
