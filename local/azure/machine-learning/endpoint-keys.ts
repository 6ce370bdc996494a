import { randomBytes, randomUUID } from "node:crypto";
import * as z from "zod";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Context } from "./context.ts";
import { type EndpointProperties, type EndpointSecrets, renderEndpoint } from "./endpoint.ts";
import type { Operations } from "./operations.ts";
import { invalid } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import { type Call, type Router, readBody } from "./router.ts";
import type { Row } from "./store.ts";

export type EndpointRow = Row<EndpointProperties, EndpointSecrets>;

/** How long a token of an AMLToken endpoint lasts, and after how long it should be asked for anew. */
const TOKEN_LASTS_MS = 3_600_000;
const TOKEN_REFRESH_MS = 2_700_000;

const KEY_BODY = z.looseObject({
  keyType: z.enum(["Primary", "Secondary"]),
  keyValue: z.string().min(1).nullish(),
});

/** What a managed online endpoint is called with: its two keys, or the tokens that it gives out. */
export class EndpointKeys {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #existing: (call: Call, name: string) => EndpointRow;

  /** @param existing - throws a refusal with 404 when there is no such endpoint */
  constructor(context: Context, operations: Operations, existing: (call: Call, name: string) => EndpointRow) {
    this.#context = context;
    this.#operations = operations;
    this.#existing = existing;
    operations.define("endpoint-keys", {
      prefix: "oe",
      finish: () => undefined,
      render: (target: string, request: ServiceRequest) => {
        const found = context.store.get<EndpointProperties>(target)?.resource;
        return found && renderEndpoint(found, request);
      },
    });
  }

  register(router: Router): void {
    const at = "onlineEndpoints/*";
    router
      .on("POST", `${at}/listKeys`, (call, name: string) => this.#listKeys(call, name))
      .on("POST", `${at}/regenerateKeys`, (call, name: string) => this.#regenerateKey(call, name))
      .on("POST", `${at}/token`, (call, name: string) => this.#token(call, name));
  }

  #listKeys(call: Call, name: string): ServiceAnswer {
    const { resource, hidden } = this.#existing(call, name);
    this.#requireMode(resource, "Key");
    return { status: 200, body: { primaryKey: hidden.primaryKey, secondaryKey: hidden.secondaryKey } };
  }

  /** The old value is worthless at once. */
  #regenerateKey(call: Call, name: string): ServiceAnswer {
    const { resource, hidden } = this.#existing(call, name);
    this.#requireMode(resource, "Key");
    const { keyType, keyValue } = readBody(call.request, KEY_BODY);
    const which = keyType === "Primary" ? "primaryKey" : "secondaryKey";
    const { store } = this.#context;
    const operation = store.transaction(() => {
      store.put(resource, { ...hidden, [which]: keyValue ?? newKey() });
      return this.#operations.start("endpoint-keys", resource.id, 0);
    });
    return { status: 202, headers: this.#operations.acceptedHeaders(call.request, operation) };
  }

  #token(call: Call, name: string): ServiceAnswer {
    const { resource, hidden } = this.#existing(call, name);
    this.#requireMode(resource, "AMLToken");
    const now = this.#context.clock.now();
    const accessToken = newKey();
    const live = Object.entries(hidden.tokens).filter(([, until]) => until > now);
    const tokens = { ...Object.fromEntries(live), [accessToken]: now + TOKEN_LASTS_MS };
    this.#context.store.put(resource, { ...hidden, tokens });
    const inSeconds = (ms: number) => Math.floor(ms / 1000);
    const expiryTimeUtc = inSeconds(now + TOKEN_LASTS_MS);
    const refreshAfterTimeUtc = inSeconds(now + TOKEN_REFRESH_MS);
    return { status: 200, body: { accessToken, expiryTimeUtc, refreshAfterTimeUtc, tokenType: "Bearer" } };
  }

  #requireMode(
    { name, properties }: Resource<EndpointProperties>,
    mode: EndpointProperties["authMode"],
  ): void {
    if (properties.authMode === mode) return;
    throw invalid(`Endpoint '${name}' has authMode ${properties.authMode}, expected ${mode} for this call.`);
  }
}

export const newKey = (): string => randomBytes(24).toString("base64url") + randomUUID().slice(0, 8);
