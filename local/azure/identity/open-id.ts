import { verify } from "node:crypto";
import { decodeJwt } from "jose";
import type { Clock } from "../../clock.ts";
import { stylesheet } from "../front/page.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { AadstsError, tokenRefusal } from "./aadsts.ts";
import { GRAPH_AUDIENCE, V1_ISSUER } from "./claims.ts";
import { PERSONAS, TENANT_ID } from "./directory.ts";
import { instanceDiscovery, keySet, openIdConfiguration } from "./discovery.ts";
import type { Keys } from "./keys.ts";
import { checkTenant } from "./request.ts";
import { createSignIn } from "./sign-in.ts";
import type { IdentityStore } from "./store.ts";
import { STYLE, STYLE_PATH } from "./style.ts";
import { createTokenEndpoint } from "./token.ts";

export interface OpenIdOptions {
  readonly store: IdentityStore;
  readonly keys: Keys;
  readonly clock: Clock;
}

/**
 * OpenID Connect and OAuth 2.0 as the Microsoft identity platform (version 2.0) has them, with a sign-in page on which
 * a persona is picked.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 */
export function createOpenId({ store, keys, clock }: OpenIdOptions): Service["handle"] {
  const token = createTokenEndpoint({ store, keys, clock });
  const signIn = createSignIn({ store, clock });

  /** Method and path below the tenant, in lower case. */
  const routes: Record<
    string,
    (request: ServiceRequest, tenant: string) => ServiceAnswer | Promise<ServiceAnswer>
  > = {
    "GET v2.0/.well-known/openid-configuration": ({ origin }, tenant) => openIdConfiguration(origin, tenant),
    "GET discovery/v2.0/keys": ({ origin }) => keySet(keys, origin),
    "GET discovery/instance": ({ origin }, tenant) => instanceDiscovery(origin, tenant),
    "GET oauth2/v2.0/authorize": signIn.authorize,
    "POST oauth2/v2.0/authorize": signIn.authorize,
    "GET oauth2/v2.0/logout": signIn.logout,
    "POST login": signIn.login,
    "POST oauth2/v2.0/token": token,
  };
  /** Parts of the platform that are known, and not simulated: refused by name. */
  const absent = ["oauth2/v2.0/devicecode", "oauth2/token", "oauth2/authorize", "federationmetadata"];

  return async (request) => {
    if (request.path === STYLE_PATH) return stylesheet(STYLE);
    if (request.path === "/oidc/userinfo") return userInfo(request, keys, clock.now());
    const [tenant = "", ...rest] = request.segments;
    const below = rest.join("/").toLowerCase();
    const route = routes[`${request.method} ${below}`];
    if (!route) return absent.includes(below) ? notSimulated(below) : undefined;
    if (route === signIn.authorize || route === signIn.login || route === token)
      return route(request, tenant);
    try {
      checkTenant(tenant);
    } catch (error) {
      if (error instanceof AadstsError) return tokenRefusal(error, clock.now(), request.origin);
      throw error;
    }
    return route(request, tenant.toLowerCase());
  };
}

function notSimulated(what: string): ServiceAnswer {
  const error_description = `'/${what}' is not simulated: use the v2.0 endpoints of /${TENANT_ID}/v2.0/.well-known/openid-configuration.`;
  return { status: 501, body: { error: "not_implemented", error_description } };
}

/** `GET /oidc/userinfo` of Microsoft Graph: who the token is for. */
function userInfo({ headers }: ServiceRequest, keys: Keys, now: number): ServiceAnswer {
  const claims = readToken(headers, keys, now);
  const user = PERSONAS.find(({ objectId }) => objectId === claims?.oid);
  if (claims?.aud !== GRAPH_AUDIENCE || !user) {
    const message =
      "Access token validation failure. Invalid audience, signature, or time: expected one for Graph.";
    return {
      status: 401,
      headers: { "www-authenticate": 'Bearer error="invalid_token"' },
      body: { error: { code: "InvalidAuthenticationToken", message } },
    };
  }
  return {
    status: 200,
    body: { sub: claims.sub, name: user.name, email: user.userName, picture: "" },
  };
}

/** jose checks signatures asynchronously only, and the services ask synchronously: hence Node's own RSA check. */
export function readToken(headers: Readonly<Record<string, string>>, { publicKey }: Keys, now: number) {
  const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(headers.authorization ?? "") ?? [];
  if (!token) return undefined;
  const dot = token.lastIndexOf(".");
  const signature = Buffer.from(token.slice(dot + 1), "base64url");
  if (!verify("sha256", Buffer.from(token.slice(0, dot)), publicKey, signature)) return undefined;
  const claims = decodeJwt(token);
  return (claims.exp ?? 0) * 1000 > now ? claims : undefined;
}

/** Azure's services take version 1.0 tokens alone: not an id token, and not one for the app's own API. */
export function isForAzure(headers: Readonly<Record<string, string>>, keys: Keys, now: number): boolean {
  const claims = readToken(headers, keys, now);
  return claims?.iss === V1_ISSUER && claims.aud !== GRAPH_AUDIENCE;
}
