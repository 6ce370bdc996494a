import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { AadstsError } from "./aadsts.ts";
import { isSignOutRedirect, PERSONAS, type Persona, TENANT_ID } from "./directory.ts";
import { errorPage, formPostPage, signedOutPage, signInPage } from "./pages.ts";
import {
  checkTenant,
  type ReplyAddress,
  readReplyAddress,
  readSignInRequest,
  type SignInRequest,
} from "./request.ts";
import type { IdentityStore, Session } from "./store.ts";

export interface SignInOptions {
  readonly store: IdentityStore;
  readonly clock: Clock;
}

const CODE_LIFE_MS = 10 * 60_000;
const SESSION_LIFE_MS = 24 * 3_600_000;
const COOKIE = "ESTSAUTH";

/** What a person's browser asks: to sign in, which persona was picked, to sign out. */
export function createSignIn({ store, clock }: SignInOptions) {
  /** `GET` or `POST /{tenant}/oauth2/v2.0/authorize` */
  function authorize(request: ServiceRequest, tenant: string): ServiceAnswer {
    const form = request.method === "POST" ? formOf(request) : request.query;
    return guarded(form, tenant, (asked) => {
      const session = currentSession(request);
      const user = session && PERSONAS.find(({ objectId }) => objectId === session.userId);
      if (session && user && (asked.prompt === undefined || asked.prompt === "none")) {
        return reply(asked, codeFor(asked, user, session));
      }
      if (asked.prompt === "none") {
        throw new AadstsError(50058, "A silent sign-in request was sent but no user is signed in.");
      }
      return signInPage(asked, form);
    });
  }

  /** `POST /{tenant}/login`, from the sign-in page: a person was picked, or it was cancelled. */
  function login(request: ServiceRequest, tenant: string): ServiceAnswer {
    // A page elsewhere could otherwise sign this browser in as somebody.
    const from = request.headers.origin;
    if (from !== undefined && from !== request.origin && from !== "null") {
      return errorPage(
        new AadstsError(90013, `The form was sent by '${from}', expected '${request.origin}'.`),
      );
    }
    const form = formOf(request);
    return guarded(form, tenant, (asked) => {
      const picked = form.get("persona");
      if (picked === null) throw new AadstsError(65004, "User declined to sign in.");
      const user = PERSONAS.find(({ role }) => role === picked);
      if (!user)
        return errorPage(new AadstsError(90013, `There is no persona '${picked}': pick one of the page.`));
      const session = { id: randomUUID(), userId: user.objectId, expiresAt: clock.now() + SESSION_LIFE_MS };
      const answer = reply(asked, codeFor(asked, user, session));
      return {
        ...answer,
        headers: { ...answer.headers, "set-cookie": cookie(request, store.addSession(session)) },
      };
    });
  }

  /** `GET /{tenant}/oauth2/v2.0/logout` */
  function logout(request: ServiceRequest): ServiceAnswer {
    const secret = cookieOf(request);
    if (secret) store.endSession(secret);
    const gone = { "set-cookie": `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0` };
    const target = request.query.get("post_logout_redirect_uri");
    if (target === null || !isSignOutRedirect(target)) return signedOutPage(gone);
    const url = new URL(target);
    const state = request.query.get("state");
    if (state !== null) url.searchParams.set("state", state);
    return { status: 302, headers: { ...gone, location: url.href, "cache-control": "no-store" } };
  }

  /** Runs `work` on a request that may be answered; what is wrong goes to the application, or to the person. */
  function guarded(
    form: URLSearchParams,
    tenant: string,
    work: (asked: SignInRequest) => ServiceAnswer,
  ): ServiceAnswer {
    let address: ReplyAddress | undefined;
    try {
      checkTenant(tenant);
      address = readReplyAddress(form);
      return work(readSignInRequest(form, address));
    } catch (error) {
      if (!(error instanceof AadstsError)) throw error;
      if (!address) return errorPage(error);
      return reply(address, { error: error.error, error_description: error.line });
    }
  }

  function codeFor(asked: SignInRequest, user: Persona, session: Session): Record<string, string> {
    const grant = {
      clientId: asked.registration.clientId,
      userId: user.objectId,
      sessionId: session.id,
      scopes: [...asked.scopes],
      redirectUri: asked.redirectUri,
      nonce: asked.nonce,
      codeChallenge: asked.codeChallenge,
      codeChallengeMethod: asked.codeChallengeMethod,
    };
    const code = store.addGrant("code", grant, clock.now() + CODE_LIFE_MS);
    return { code, session_state: session.id };
  }

  function currentSession(request: ServiceRequest): Session | undefined {
    const secret = cookieOf(request);
    return secret ? store.session(secret, clock.now()) : undefined;
  }

  return { authorize, login, logout };
}

/** Brings the answer to the application, in the way that it asked for. */
function reply(
  { redirectUri, responseMode, state }: ReplyAddress,
  answer: Record<string, string>,
): ServiceAnswer {
  const fields = { ...answer, ...(state === undefined ? {} : { state }) };
  if (responseMode === "form_post") return formPostPage(redirectUri, fields);
  const url = new URL(redirectUri);
  if (responseMode === "fragment") url.hash = String(new URLSearchParams(fields));
  else for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return { status: 302, headers: { location: url.href, "cache-control": "no-store" } };
}

function formOf(request: ServiceRequest): URLSearchParams {
  return new URLSearchParams(Buffer.from(request.body).toString("utf8"));
}

function cookie({ origin }: ServiceRequest, secret: string): string {
  const secure = origin.startsWith("https:") ? "; Secure" : "";
  return `${COOKIE}=${secret}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}

function cookieOf({ headers }: ServiceRequest): string | undefined {
  return /(?:^|;\s*)ESTSAUTH=([\w-]+)/.exec(headers.cookie ?? "")?.[1];
}

/** Path that the sign-in page posts to. */
export const LOGIN_PATH = `/${TENANT_ID}/login`;
