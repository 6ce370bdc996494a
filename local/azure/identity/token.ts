import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { AadstsError, tokenRefusal } from "./aadsts.ts";
import { type Signing, signAccess, signApplication, signId, TOKEN_LIFE_S } from "./claims.ts";
import { APP_CLIENT_ID, PERSONAS, type Registration } from "./directory.ts";
import type { Keys } from "./keys.ts";
import { checkTenant, registrationOf, required, resourceOf } from "./request.ts";
import type { Grant, IdentityStore } from "./store.ts";

export interface TokenOptions {
  readonly store: IdentityStore;
  readonly keys: Keys;
  readonly clock: Clock;
}

const REFRESH_LIFE_MS = 90 * 86_400_000;
const GRANTS = ["authorization_code", "refresh_token", "client_credentials"];

/**
 * `POST /{tenant}/oauth2/v2.0/token`
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-access-token-with-a-client_secret
 */
export function createTokenEndpoint({ store, keys, clock }: TokenOptions) {
  return async function handle(request: ServiceRequest, tenant: string): Promise<ServiceAnswer> {
    try {
      checkTenant(tenant);
      const form = new URLSearchParams(Buffer.from(request.body).toString("utf8"));
      const body = await grantFor(form, request);
      return { status: 200, headers: { "cache-control": "no-store", pragma: "no-cache" }, body };
    } catch (error) {
      if (error instanceof AadstsError) return tokenRefusal(error, clock.now(), request.origin);
      throw error;
    }
  };

  function grantFor(form: URLSearchParams, request: ServiceRequest): Promise<object> {
    const type = required(form, "grant_type");
    if (!GRANTS.includes(type)) {
      throw new AadstsError(
        70003,
        `The app requested an unsupported grant type '${type}'. Simulated are: ${GRANTS.join(", ")}.`,
      );
    }
    const registration = authenticateClient(form, request.headers.authorization);
    if (type === "client_credentials") return forApplication(registration, form, request.origin);
    return type === "refresh_token"
      ? forRefreshToken(registration, form, request.origin)
      : forCode(registration, form, request.origin);
  }

  function authenticateClient(form: URLSearchParams, authorization = ""): Registration {
    const [, basic] = /^Basic (.+)$/i.exec(authorization) ?? [];
    const [user, password] = basic ? Buffer.from(basic, "base64").toString("utf8").split(":") : [];
    const clientId = user ? decodeURIComponent(user) : required(form, "client_id");
    const registration = registrationOf(clientId);
    const secret = password ? decodeURIComponent(password) : form.get("client_secret");
    if (!secret) {
      throw new AadstsError(
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'. " +
          "Of the two, only the secret is simulated.",
      );
    }
    if (!isEqual(secret, keys.clientSecret(registration.clientId))) {
      throw new AadstsError(
        7000215,
        `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, ` +
          `not the client secret ID, for a secret added to app '${registration.clientId}'.`,
      );
    }
    return registration;
  }

  async function forApplication(registration: Registration, form: URLSearchParams, origin: string) {
    const scope = required(form, "scope");
    if (!/^\S+\/\.default$/.test(scope)) {
      throw new AadstsError(
        1002012,
        `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with ` +
          "/.default suffixed to the resource identifier (application ID URI).",
      );
    }
    const resource = resourceOf(scope) ?? "";
    if (resource !== APP_CLIENT_ID && !/^https:\/\/[^/]/.test(resource)) {
      throw new AadstsError(
        500011,
        `The resource principal named ${resource} was not found in the tenant named Outerloop. Expected ` +
          "'api://outerloop' or the https address of a service of Azure.",
      );
    }
    const token = await signApplication(signing(), origin, registration, resource);
    return {
      token_type: "Bearer",
      expires_in: TOKEN_LIFE_S - 1,
      ext_expires_in: TOKEN_LIFE_S - 1,
      access_token: token,
    };
  }

  async function forCode(registration: Registration, form: URLSearchParams, origin: string) {
    const code = required(form, "code");
    const redirectUri = required(form, "redirect_uri");
    const kept = store.grant("code", code);
    if (!kept || kept.grant.clientId !== registration.clientId) {
      throw new AadstsError(
        9002313,
        "Invalid request. Request is malformed or invalid: the code is not one that was given to this application.",
      );
    }
    if (kept.redeemed) {
      throw new AadstsError(
        54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
      );
    }
    if (kept.expiresAt <= clock.now()) {
      throw new AadstsError(
        70008,
        "The provided authorization code or refresh token has expired. Send a new interactive authorization request.",
      );
    }
    if (kept.grant.redirectUri !== redirectUri) {
      throw new AadstsError(
        500112,
        `The reply address '${redirectUri}' does not match the reply address '${kept.grant.redirectUri}' provided when requesting Authorization code.`,
      );
    }
    checkVerifier(kept.grant, form.get("code_verifier"));
    // Nothing waits between the look above and this, so no second request can come in between.
    store.redeem(code);
    return tokensFor(kept.grant, form, origin);
  }

  async function forRefreshToken(registration: Registration, form: URLSearchParams, origin: string) {
    const kept = store.grant("refresh", required(form, "refresh_token"));
    if (!kept || kept.grant.clientId !== registration.clientId) {
      throw new AadstsError(
        70000,
        "The provided value for the input parameter 'refresh_token' is not valid for this application.",
      );
    }
    if (kept.expiresAt <= clock.now()) {
      throw new AadstsError(70008, "The refresh token has expired due to inactivity. Sign in again.");
    }
    return tokensFor({ ...kept.grant, nonce: undefined }, form, origin);
  }

  async function tokensFor(grant: Grant, form: URLSearchParams, origin: string) {
    const asked = form.get("scope")?.split(" ").filter(Boolean);
    const scopes = asked && asked.length > 0 ? asked : grant.scopes;
    const resource = oneResource(scopes, grant);
    const user = PERSONAS.find(({ objectId }) => objectId === grant.userId);
    if (!user) throw new AadstsError(70000, "The person that this grant was for is not in the directory.");
    const accessToken = await signAccess(signing(), origin, grant, user, resource);
    const isOpenId = grant.scopes.includes("openid");
    const isOffline = grant.scopes.includes("offline_access");
    return {
      token_type: "Bearer",
      scope: scopes.filter((scope) => scope !== "offline_access").join(" "),
      expires_in: TOKEN_LIFE_S - 1,
      ext_expires_in: TOKEN_LIFE_S - 1,
      access_token: accessToken,
      // The old refresh token stays good: Entra ID does not revoke it when it gives a new one.
      ...(isOffline && { refresh_token: store.addGrant("refresh", grant, clock.now() + REFRESH_LIFE_MS) }),
      ...(isOpenId && { id_token: await signId(signing(), origin, grant, user) }),
    };
  }

  function signing(): Signing {
    return { keys, now: clock.now() };
  }
}

/** @throws {AadstsError} 28000 for two resources in one token, 70000 for a permission that was not granted */
function oneResource(scopes: readonly string[], grant: Grant): string | undefined {
  const denied = scopes.find((scope) => !grant.scopes.includes(scope));
  if (denied) {
    throw new AadstsError(
      70000,
      `The user has not consented to the scope '${denied}': the sign-in asked for '${grant.scopes.join(" ")}'.`,
    );
  }
  const resources = new Set(scopes.map(resourceOf).filter((resource) => resource !== undefined));
  if (resources.size <= 1) return [...resources][0];
  throw new AadstsError(
    28000,
    `Provided value for the input parameter scope is not valid because it contains more than one resource: ${scopes.join(" ")}.`,
  );
}

/** @throws {AadstsError} 501481 when the verifier is not the one behind the challenge */
function checkVerifier({ codeChallenge, codeChallengeMethod }: Grant, verifier: string | null): void {
  if (codeChallenge === undefined) return;
  const shown =
    codeChallengeMethod === "S256"
      ? createHash("sha256")
          .update(verifier ?? "")
          .digest("base64url")
      : (verifier ?? "");
  if (isEqual(shown, codeChallenge)) return;
  throw new AadstsError(
    501481,
    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
  );
}

function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
