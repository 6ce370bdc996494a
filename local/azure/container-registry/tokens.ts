import { randomBytes } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { Authenticate } from "../front/arm-request.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { invalid, RegistryRefusal } from "./refusal.ts";
import type { RegistryStore } from "./store.ts";

/** What a call needs: the actions on one repository, or on the catalog. */
export interface Scope {
  readonly type: "repository" | "registry";
  readonly name: string;
  readonly actions: readonly string[];
}

const Claims = z.object({
  grant_type: z.literal(["refresh_token", "access_token"]),
  access: z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) })).default([]),
});
/** What anybody may do once anonymous pulls are enabled: read what is in a repository. */
const ANONYMOUS: ReadonlySet<string> = new Set(["pull", "metadata_read"]);
const REFRESH_LIFE_S = 3 * 60 * 60;
const ACCESS_LIFE_S = 75 * 60;

export interface TokenOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly authenticate: Authenticate;
  /** Whether images may be pulled without a sign-in. */
  readonly isAnonymousPullEnabled: () => boolean;
}

/** The registry's own sign-in: an Entra token is exchanged for a refresh token, and that for one of a scope. */
export class Tokens {
  readonly #options: TokenOptions;
  readonly #key: Uint8Array;

  constructor(options: TokenOptions) {
    this.#options = options;
    const { store } = options;
    const kept = z.string().safeParse(store.document("key"));
    const key = kept.success ? kept.data : randomBytes(32).toString("hex");
    if (!kept.success) store.putDocument("key", key);
    this.#key = Buffer.from(key, "hex");
  }

  /** `/oauth2/exchange` and `/oauth2/token`, with a form as body. */
  async handle({ method, segments, body, origin }: ServiceRequest): Promise<ServiceAnswer> {
    if (method !== "POST") throw new RegistryRefusal(405, "UNSUPPORTED", "The operation is unsupported.");
    const form = new URLSearchParams(new TextDecoder().decode(body));
    const service = new URL(origin).host;
    if (form.get("service") !== service) {
      throw invalid(
        "INVALID_REQUEST",
        `The service is '${form.get("service") ?? ""}', expected '${service}'.`,
      );
    }
    if (segments[1] === "exchange") return this.#exchange(form, service);
    if (segments[1] === "token") return this.#grant(form, service);
    throw new RegistryRefusal(404, "NOT_FOUND", "There is no such endpoint, expected exchange or token.");
  }

  async #exchange(form: URLSearchParams, service: string): Promise<ServiceAnswer> {
    const token = form.get("access_token") ?? "";
    if (
      form.get("grant_type") !== "access_token" ||
      !this.#options.authenticate({ authorization: `Bearer ${token}` })
    ) {
      throw new RegistryRefusal(
        401,
        "UNAUTHORIZED",
        "authentication required: the Microsoft Entra token is not valid",
      );
    }
    const refresh_token = await this.#sign(service, { grant_type: "refresh_token" }, REFRESH_LIFE_S);
    return { status: 200, body: { refresh_token } };
  }

  async #grant(form: URLSearchParams, service: string): Promise<ServiceAnswer> {
    const access = (form.get("scope") ?? "").split(" ").filter(Boolean).map(readScope);
    if (form.get("grant_type") === "password") {
      const isReading = access.every(({ actions }) => actions.every((action) => ANONYMOUS.has(action)));
      if (!this.#options.isAnonymousPullEnabled() || !isReading) {
        throw new RegistryRefusal(
          401,
          "UNAUTHORIZED",
          "authentication required: anonymous pull is not enabled",
        );
      }
    } else if ((await this.#read(form.get("refresh_token") ?? "", service))?.grant_type !== "refresh_token") {
      throw new RegistryRefusal(
        401,
        "UNAUTHORIZED",
        "authentication required: the refresh token is not valid",
      );
    }
    const access_token = await this.#sign(service, { grant_type: "access_token", access }, ACCESS_LIFE_S);
    return { status: 200, body: { access_token } };
  }

  /** @throws {RegistryRefusal} 401 with the challenge, unless the bearer token covers the scope */
  async demand({ headers, origin }: ServiceRequest, scope: Scope): Promise<void> {
    const service = new URL(origin).host;
    const [, token] = /^Bearer (\S+)$/i.exec(headers.authorization ?? "") ?? [];
    const claims = token === undefined ? undefined : await this.#read(token, service);
    const granted = claims?.grant_type === "access_token" ? claims.access : [];
    const isCovered = scope.actions.every((action) =>
      granted.some(
        ({ type, name, actions }) =>
          type === scope.type && name === scope.name && (actions.includes(action) || actions.includes("*")),
      ),
    );
    if (isCovered) return;
    const wanted = `${scope.type}:${scope.name}:${scope.actions.join(",")}`;
    const challenge = `Bearer realm="${origin}/oauth2/token",service="${service}",scope="${wanted}"`;
    throw new RegistryRefusal(
      401,
      "UNAUTHORIZED",
      "authentication required, visit https://aka.ms/acr/authorization for more information.",
      {
        detail: [{ Type: scope.type, Name: scope.name, Action: scope.actions.join(",") }],
        headers: {
          "www-authenticate": token === undefined ? challenge : `${challenge},error="insufficient_scope"`,
        },
      },
    );
  }

  #sign(service: string, claims: z.input<typeof Claims>, lifeS: number): Promise<string> {
    const now = Math.floor(this.#options.clock.now() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer("Azure Container Registry")
      .setAudience(service)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + lifeS)
      .sign(this.#key);
  }

  async #read(token: string, service: string): Promise<z.infer<typeof Claims> | undefined> {
    try {
      const currentDate = new Date(this.#options.clock.now());
      const { payload } = await jwtVerify(token, this.#key, { audience: service, currentDate });
      return Claims.parse(payload);
    } catch {
      // Not ours, run out, or of another registry: the caller is told to sign in.
      return undefined;
    }
  }
}

/** `repository:azureml/x:pull,push`; a name may hold colons of a port. */
function readScope(text: string): { type: string; name: string; actions: string[] } {
  const [, type, name, actions] = /^([a-z]+):(.+):([a-z_*,]+)$/.exec(text) ?? [];
  if (type === undefined || name === undefined || actions === undefined) {
    throw invalid(
      "INVALID_REQUEST",
      `The scope '${text}' is not understood, expected repository:NAME:ACTIONS.`,
    );
  }
  return { type, name, actions: actions.split(",") };
}
