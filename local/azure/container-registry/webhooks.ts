import * as z from "zod";
import { armError } from "../front/arm-error.ts";
import { methodNotAllowed, notFound, readArmBody } from "../front/arm-request.ts";
import { LoopbackUrl } from "../front/loopback-url.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { RegistryStore } from "./store.ts";

const ANSWER_WITHIN_MS = 30_000;

const Webhook = z.object({
  name: z.string(),
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.object({
    serviceUri: LoopbackUrl,
    customHeaders: z.record(z.string(), z.string()).nullish(),
    status: z.enum(["enabled", "disabled"]).default("enabled"),
    /** `repo:tag`, `repo:*`, `repo`, or everything. */
    scope: z.string().default(""),
    actions: z.array(z.enum(["push", "delete", "quarantine", "chart_push", "chart_delete"])).min(1),
  }),
});
type Webhook = z.infer<typeof Webhook>;

export interface WebhooksOptions {
  readonly store: RegistryStore;
  readonly registryId: string;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** Registry webhooks: bare bodies, sent once. Unlike Event Grid, nothing is kept for an endpoint that is down. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** `.../registries/{registry}/webhooks[/{name}]` */
  handle({ method, body }: ServiceRequest, name: string | undefined): ServiceAnswer {
    const all = this.#all();
    if (name === undefined) {
      if (method !== "GET") return methodNotAllowed(method);
      return { status: 200, body: { value: all.map((webhook) => this.#document(webhook)) } };
    }
    const existing = all.find((webhook) => webhook.name.toLowerCase() === name.toLowerCase());
    const others = all.filter((webhook) => webhook !== existing);
    if (method === "GET")
      return existing ? { status: 200, body: this.#document(existing) } : notFound(this.#id(name));
    if (method === "DELETE") {
      this.#options.store.putDocument("webhooks", others);
      return { status: existing ? 200 : 204 };
    }
    if (method !== "PUT") return methodNotAllowed(method);
    const read = readArmBody(Webhook.omit({ name: true }), body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const webhook = { name, ...read.value };
    this.#options.store.putDocument("webhooks", [...others, webhook]);
    return { status: existing ? 200 : 201, body: this.#document(webhook) };
  }

  send(
    action: Webhook["properties"]["actions"][number],
    repository: string,
    tag: string | undefined,
    body: unknown,
  ): void {
    for (const { name, properties } of this.#all()) {
      if (properties.status !== "enabled" || !properties.actions.includes(action)) continue;
      if (!isInScope(properties.scope, repository, tag)) continue;
      const sent = this.#post(name, properties, body).finally(() => this.#underWay.delete(sent));
      this.#underWay.add(sent);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }

  async #post(
    name: string,
    { serviceUri, customHeaders }: Webhook["properties"],
    body: unknown,
  ): Promise<void> {
    try {
      const answer = await fetch(serviceUri, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8", ...customHeaders },
        body: JSON.stringify(body),
        signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), this.#stop.signal]),
      });
      await answer.body?.cancel();
      if (!answer.ok) this.#options.log("error", `Webhook ${name} was answered ${answer.status}.`);
    } catch (error) {
      this.#options.log("error", `Webhook ${name} could not be called: ${String(error)}`);
    }
  }

  #all(): Webhook[] {
    return z.array(Webhook).parse(this.#options.store.document("webhooks") ?? []);
  }

  #id = (name: string) => `${this.#options.registryId}/webhooks/${name}`;

  /** Without the address and its headers, which may hold secrets. */
  #document({ name, location, tags, properties }: Webhook): Record<string, unknown> {
    const { status, scope, actions } = properties;
    return {
      id: this.#id(name),
      name,
      type: "Microsoft.ContainerRegistry/registries/webhooks",
      location,
      tags: tags ?? {},
      properties: { status, scope, actions, provisioningState: "Succeeded" },
    };
  }
}

function isInScope(scope: string, repository: string, tag: string | undefined): boolean {
  if (scope === "") return true;
  const [wantedRepository, wantedTag = "*"] = scope.split(":");
  const isRepository = wantedRepository?.endsWith("*")
    ? repository.startsWith(wantedRepository.slice(0, -1))
    : wantedRepository === repository;
  return isRepository && (wantedTag === "*" || wantedTag === tag);
}
