import { createHash, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import {
  APP_CLIENT_ID,
  IDENTITY_CLIENT_ID,
  type Persona,
  PRINCIPAL_ID,
  type Registration,
  TENANT_ID,
} from "./directory.ts";
import type { Keys } from "./keys.ts";
import type { Grant } from "./store.ts";

/** Issuer of version 1.0 tokens, which Azure's own services take. */
export const V1_ISSUER = `https://sts.windows.net/${TENANT_ID}/`;
/** The audience of a token for Microsoft Graph, whose one simulated page is the userinfo endpoint. */
export const GRAPH_AUDIENCE = "00000003-0000-0000-c000-000000000000";

/** Issuer of version 2.0 tokens at the origin by which the issuer was asked. */
export function v2Issuer(origin: string): string {
  return `${origin}/${TENANT_ID}/v2.0`;
}

/** Seconds that a token lives. */
export const TOKEN_LIFE_S = 3_600;

export interface Signing {
  readonly keys: Keys;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

async function sign(
  { keys, now }: Signing,
  issuer: string,
  audience: string,
  subject: string,
  claims: Record<string, unknown>,
  lifeS = TOKEN_LIFE_S,
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT({ ...claims, tid: TENANT_ID, uti: randomUUID() })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: keys.kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + lifeS)
    .sign(keys.privateKey);
}

/** The token of the app's managed identity for a resource of Azure. */
export function signManagedIdentity(signing: Signing, resource: string, lifeS: number): Promise<string> {
  const claims = { appid: IDENTITY_CLIENT_ID, idtyp: "app", oid: PRINCIPAL_ID, ver: "1.0" };
  return sign(signing, V1_ISSUER, resource, PRINCIPAL_ID, claims, lifeS);
}

/**
 * The token of an application for itself. Azure's services want version 1.0 tokens, the app's own API is registered
 * for version 2.0; the two name the caller differently (`appid`, `azp`).
 */
export function signApplication(
  signing: Signing,
  origin: string,
  { clientId, objectId, roles }: Registration,
  resource: string,
): Promise<string> {
  const common = { oid: objectId, idtyp: "app", ...(roles.length > 0 ? { roles } : {}) };
  if (resource === APP_CLIENT_ID) {
    const claims = { ...common, azp: clientId, azpacr: "1", ver: "2.0" };
    return sign(signing, v2Issuer(origin), APP_CLIENT_ID, objectId, claims);
  }
  const claims = { oid: objectId, idtyp: "app", appid: clientId, appidacr: "1", idp: V1_ISSUER, ver: "1.0" };
  return sign(signing, V1_ISSUER, resource, objectId, claims);
}

/** The token by which an application asks in a person's name. */
export function signAccess(
  signing: Signing,
  origin: string,
  grant: Grant,
  user: Persona,
  resource: string | undefined,
): Promise<string> {
  const person = { name: user.name, oid: user.objectId, sid: grant.sessionId };
  if (resource === APP_CLIENT_ID) {
    return sign(signing, v2Issuer(origin), APP_CLIENT_ID, pairwise(APP_CLIENT_ID, user), {
      ...person,
      azp: grant.clientId,
      azpacr: "1",
      preferred_username: user.userName,
      roles: [user.role],
      scp: "user_impersonation",
      ver: "2.0",
    });
  }
  return sign(signing, V1_ISSUER, GRAPH_AUDIENCE, pairwise(GRAPH_AUDIENCE, user), {
    ...person,
    appid: grant.clientId,
    appidacr: "1",
    idtyp: "user",
    scp: "email openid profile User.Read",
    unique_name: user.userName,
    upn: user.userName,
    ver: "1.0",
  });
}

/** Who signed in, for the application that asked. */
export function signId(signing: Signing, origin: string, grant: Grant, user: Persona): Promise<string> {
  return sign(signing, v2Issuer(origin), grant.clientId, pairwise(grant.clientId, user), {
    oid: user.objectId,
    roles: [user.role],
    sid: grant.sessionId,
    ver: "2.0",
    ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
    ...(grant.scopes.includes("profile") ? { name: user.name, preferred_username: user.userName } : {}),
    ...(grant.scopes.includes("email") ? { email: user.userName } : {}),
  });
}

/** `sub` of Entra ID differs between applications, so that two of them cannot compare notes; `oid` is the same. */
export function pairwise(clientId: string, user: Persona): string {
  return createHash("sha256").update(`${TENANT_ID}/${clientId}/${user.objectId}`).digest("base64url");
}
