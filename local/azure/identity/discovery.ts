import type { ServiceAnswer } from "../service.ts";
import { v2Issuer } from "./claims.ts";
import { TENANT_ID } from "./directory.ts";
import type { Keys } from "./keys.ts";

/**
 * What a client reads first: where everything is, and what may be asked.
 *
 * @param origin - by which the client came: all addresses stay there, so that either scheme and name work
 */
export function openIdConfiguration(origin: string, tenant: string): ServiceAnswer {
  const base = `${origin}/${tenant}`;
  const isOneTenant = tenant === TENANT_ID;
  return {
    status: 200,
    headers: { "access-control-allow-origin": "*", "cache-control": "max-age=86400, private" },
    body: {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code"],
      scopes_supported: ["openid", "profile", "email", "offline_access"],
      issuer: isOneTenant ? v2Issuer(origin) : `${origin}/{tenantid}/v2.0`,
      request_uri_parameter_supported: false,
      userinfo_endpoint: `${origin}/oidc/userinfo`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      code_challenge_methods_supported: ["plain", "S256"],
      claims_supported: [
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "nonce",
        "oid",
        "tid",
        "ver",
        "name",
        "preferred_username",
        "email",
        "roles",
        "sid",
      ],
      tenant_region_scope: null,
    },
  };
}

export function keySet({ jwk }: Keys, origin: string): ServiceAnswer {
  return {
    status: 200,
    headers: { "access-control-allow-origin": "*", "cache-control": "max-age=86400, private" },
    body: { keys: [{ ...jwk, issuer: v2Issuer(origin) }] },
  };
}

/** Whether this authority is one to trust: asked by clients that were not told so. */
export function instanceDiscovery(origin: string, tenant: string): ServiceAnswer {
  const { host } = new URL(origin);
  return {
    status: 200,
    body: {
      tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}
