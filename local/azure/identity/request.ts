import { AadstsError } from "./aadsts.ts";
import {
  APP_CLIENT_ID,
  APP_ID_URI,
  APP_SCOPES,
  isRegisteredRedirect,
  REGISTRATIONS,
  type Registration,
  TENANT_ID,
} from "./directory.ts";

const TENANT_ALIASES: readonly string[] = [TENANT_ID, "organizations", "common"];

/** @throws {AadstsError} 90002 for a tenant that there is not */
export function checkTenant(tenant: string): void {
  if (TENANT_ALIASES.includes(tenant.toLowerCase())) return;
  throw new AadstsError(
    90002,
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID: this one is '${TENANT_ID}'.`,
  );
}

/** @throws {AadstsError} 900144 when it is missing */
export function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new AadstsError(900144, `The request body must contain the following parameter: '${name}'.`);
}

/** @throws {AadstsError} 700016 for an application that is not registered */
export function registrationOf(clientId: string): Registration {
  const found = REGISTRATIONS.find((known) => known.clientId === clientId.toLowerCase());
  if (found) return found;
  throw new AadstsError(
    700016,
    `Application with identifier '${clientId}' was not found in the directory '${TENANT_ID}'. Registered are: ` +
      `${REGISTRATIONS.map(({ name, clientId: id }) => `${name} (${id})`).join(", ")}.`,
  );
}

/** A request to sign in, checked. */
export interface SignInRequest {
  readonly registration: Registration;
  readonly redirectUri: string;
  readonly responseMode: "query" | "fragment" | "form_post";
  readonly scopes: readonly string[];
  readonly state?: string | undefined;
  readonly nonce?: string | undefined;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod?: "S256" | "plain";
  readonly prompt?: string | undefined;
  readonly loginHint?: string | undefined;
}

/** Where an answer to the application may go. What is wrong before this is known is shown to the person alone. */
export type ReplyAddress = Pick<SignInRequest, "registration" | "redirectUri" | "responseMode" | "state">;

const RESPONSE_MODES = ["query", "fragment", "form_post"] as const;
const PROMPTS: readonly string[] = ["login", "none", "consent", "select_account"];

/** @throws {AadstsError} to be shown on a page: an address that is not registered is never redirected to */
export function readReplyAddress(form: URLSearchParams): ReplyAddress {
  const registration = registrationOf(required(form, "client_id"));
  const redirectUri = form.get("redirect_uri");
  if (registration.redirectUris.length === 0 || !redirectUri) {
    throw new AadstsError(500113, "No reply address is registered for the application, or none was sent.");
  }
  if (!isRegisteredRedirect(registration, redirectUri)) {
    throw new AadstsError(
      50011,
      `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for ` +
        `the application '${registration.clientId}'. Configured are, at any port: ${registration.redirectUris.join(", ")}.`,
    );
  }
  const responseMode = RESPONSE_MODES.find((mode) => mode === (form.get("response_mode") ?? "query"));
  const state = form.get("state") ?? undefined;
  const address = { registration, redirectUri, state };
  return { ...address, responseMode: responseMode ?? "query" };
}

/** @throws {AadstsError} to be sent to the reply address */
export function readSignInRequest(form: URLSearchParams, address: ReplyAddress): SignInRequest {
  checkResponse(form);
  const scopes = required(form, "scope").split(" ").filter(Boolean);
  checkScopes(scopes);
  const prompt = form.get("prompt") ?? undefined;
  if (prompt !== undefined && !PROMPTS.includes(prompt)) {
    throw new AadstsError(
      90023,
      `Unsupported 'prompt' value '${prompt}', expected one of ${PROMPTS.join(", ")}.`,
    );
  }
  return {
    ...address,
    scopes,
    prompt,
    nonce: form.get("nonce") ?? undefined,
    loginHint: form.get("login_hint") ?? undefined,
    ...readChallenge(form),
  };
}

function checkResponse(form: URLSearchParams): void {
  const type = required(form, "response_type");
  if (type !== "code") {
    const isImplicit = type.split(" ").some((part) => part === "id_token" || part === "token");
    throw isImplicit
      ? new AadstsError(
          700054,
          `response_type '${type}' is not enabled for the application, expected 'code'.`,
        )
      : new AadstsError(70005, `The response_type '${type}' is not supported, expected 'code'.`);
  }
  const mode = form.get("response_mode");
  if (mode !== null && !RESPONSE_MODES.some((known) => known === mode)) {
    throw new AadstsError(
      70007,
      `'${mode}' is not a supported value of 'response_mode', expected one of ${RESPONSE_MODES.join(", ")}.`,
    );
  }
}

function readChallenge(form: URLSearchParams): Pick<SignInRequest, "codeChallenge" | "codeChallengeMethod"> {
  const codeChallenge = form.get("code_challenge");
  const method = form.get("code_challenge_method") ?? "plain";
  if (codeChallenge === null) return {};
  if (!/^[\w.~-]{43,128}$/.test(codeChallenge)) {
    throw new AadstsError(
      50147,
      "Invalid size or characters of Code_Challenge, expected 43 to 128 of A-Z a-z 0-9 -._~.",
    );
  }
  if (method !== "S256" && method !== "plain") {
    throw new AadstsError(
      90023,
      `Unsupported 'code_challenge_method' '${method}', expected 'S256' or 'plain'.`,
    );
  }
  return { codeChallenge, codeChallengeMethod: method };
}

export const OPENID_SCOPES: readonly string[] = ["openid", "profile", "email", "offline_access"];
const GRAPH = "https://graph.microsoft.com/";

/** @throws {AadstsError} 650053 for a permission that the API does not expose, 70011 for what is no scope */
function checkScopes(scopes: readonly string[]): void {
  for (const scope of scopes) {
    if (OPENID_SCOPES.includes(scope) || scope === "User.Read" || scope === `${GRAPH}User.Read`) continue;
    const resource = resourceOf(scope);
    const permission = scope.slice(scope.lastIndexOf("/") + 1);
    if (resource !== APP_CLIENT_ID) {
      throw new AadstsError(
        70011,
        `The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid here: ` +
          `expected ${OPENID_SCOPES.join(", ")}, User.Read, or a permission of ${APP_ID_URI}.`,
      );
    }
    if (permission === ".default" || APP_SCOPES.includes(permission)) continue;
    throw new AadstsError(
      650053,
      `The application asked for scope '${permission}' that doesn't exist on the resource '${APP_ID_URI}'. ` +
        `It exposes: ${APP_SCOPES.join(", ")}.`,
    );
  }
}

/**
 * The resource that a scope names, without its permission: the client id for the app's own API, however it is named.
 *
 * @returns undefined for OpenID Connect's own scopes, which name none
 */
export function resourceOf(scope: string): string | undefined {
  if (OPENID_SCOPES.includes(scope)) return undefined;
  const cut = scope.lastIndexOf("/");
  if (cut < 0) return GRAPH.slice(0, -1);
  const resource = scope.slice(0, cut);
  return resource === APP_ID_URI || resource === `api://${APP_CLIENT_ID}` ? APP_CLIENT_ID : resource;
}
