import { createHmac, randomUUID } from "node:crypto";
import type * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { DeliveryStore } from "../delivery/store.ts";
import type { NewHook } from "./bodies.ts";
import { validationFailed } from "./refusal.ts";
import { type Repository, scopeOf } from "./repository.ts";
import { timeOf } from "./shapes.ts";

export interface Hook {
  readonly id: number;
  readonly active: boolean;
  readonly events: readonly string[];
  readonly url: string;
  readonly contentType: "json" | "form";
  readonly secret: string | null;
  readonly createdAt: number;
}

/** One attempt to tell a hook; GitHub makes no second one by itself. */
export interface HookDelivery {
  readonly id: number;
  readonly hook: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly deliveredAt: number;
  /** 0 when there was no answer. */
  readonly statusCode: number;
}

/** Of those that the simulated parts raise. */
const EVENTS = ["*", "ping", "issues", "issue_comment", "workflow_run"];
/** A receiver has this long to answer. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * Webhooks of a repository.
 *
 * @see https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers
 */
export class Hooks {
  readonly #store: DeliveryStore;
  readonly #clock: Clock;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor({ store, clock }: { store: DeliveryStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  add(repository: Repository, { config, active, events }: z.infer<typeof NewHook>): Hook {
    const unknown = events?.find((event) => !EVENTS.includes(event));
    if (unknown) {
      const value = `'${unknown}' is not simulated, expected some of ${EVENTS.join(", ")}`;
      throw validationFailed({ resource: "Hook", code: "invalid", field: "events", value });
    }
    if (this.all(repository).some(({ url }) => url === config.url)) {
      throw validationFailed({ resource: "Hook", code: "already_exists", field: "url" });
    }
    return this.#store.addPart<Hook>("github", "hook", scopeOf(repository), (id) => ({
      id,
      active: active ?? true,
      events: events ?? ["push"],
      url: config.url,
      contentType: config.content_type ?? "form",
      secret: config.secret ?? null,
      createdAt: this.#clock.now(),
    }));
  }

  all(repository: Repository): Hook[] {
    return this.#store.parts<Hook>("github", "hook", scopeOf(repository));
  }

  get(repository: Repository, id: number): Hook | undefined {
    return this.#store.part<Hook>("github", "hook", scopeOf(repository), id);
  }

  delete(hook: Hook): void {
    this.#store.deletePart(hook.id);
  }

  /** Newest first. */
  deliveriesOf(repository: Repository, hook: number): HookDelivery[] {
    const all = this.#store.parts<HookDelivery>("github", "delivery", scopeOf(repository));
    return all.filter((one) => one.hook === hook).reverse();
  }

  /** Tells every hook that wants the event, once, and keeps how it went. */
  raise(
    repository: Repository,
    event: string,
    payload: Readonly<Record<string, unknown>>,
    only?: Hook,
  ): void {
    const wants = (hook: Hook) => hook.active && (hook.events.includes("*") || hook.events.includes(event));
    for (const hook of only ? [only] : this.all(repository).filter(wants)) {
      const sent = this.#send(repository, hook, event, payload).finally(() => this.#underWay.delete(sent));
      this.#underWay.add(sent);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }

  async #send(
    repository: Repository,
    hook: Hook,
    event: string,
    payload: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const guid = randomUUID();
    const json = JSON.stringify(payload);
    const body = hook.contentType === "json" ? json : String(new URLSearchParams({ payload: json }));
    const timeout = new AbortController();
    const cancel = this.#clock.after(ANSWER_WITHIN_MS, () => timeout.abort());
    let statusCode = 0;
    try {
      const answer = await fetch(hook.url, {
        method: "POST",
        redirect: "manual",
        headers: headersOf(hook, event, guid, body),
        body,
        signal: AbortSignal.any([timeout.signal, this.#stop.signal]),
      });
      await answer.body?.cancel();
      statusCode = answer.status;
    } catch {
      // No answer is an outcome too: it is in the list of deliveries.
    } finally {
      cancel();
    }
    if (!this.#store.isOpen || this.#stop.signal.aborted) return;
    const action = typeof payload.action === "string" ? payload.action : null;
    const kept = { hook: hook.id, guid, event, action, deliveredAt: this.#clock.now(), statusCode };
    this.#store.addPart<HookDelivery>("github", "delivery", scopeOf(repository), (id) => ({ id, ...kept }));
  }
}

function headersOf(hook: Hook, event: string, guid: string, body: string): Record<string, string> {
  const sign = (algorithm: string) =>
    createHmac(algorithm, hook.secret ?? "")
      .update(body)
      .digest("hex");
  return {
    accept: "*/*",
    "content-type": hook.contentType === "json" ? "application/json" : "application/x-www-form-urlencoded",
    "user-agent": "GitHub-Hookshot/0000000",
    "x-github-delivery": guid,
    "x-github-event": event,
    "x-github-hook-id": String(hook.id),
    "x-github-hook-installation-target-type": "repository",
    ...(hook.secret === null
      ? {}
      : { "x-hub-signature": `sha1=${sign("sha1")}`, "x-hub-signature-256": `sha256=${sign("sha256")}` }),
  };
}

/** A hook as GitHub shows it: the secret is masked. `url` is the repository's address. */
export function hookShape(hook: Hook, url: string) {
  const address = `${url}/hooks/${hook.id}`;
  return {
    type: "Repository",
    id: hook.id,
    name: "web",
    active: hook.active,
    events: [...hook.events],
    config: {
      content_type: hook.contentType,
      insecure_ssl: "0",
      url: hook.url,
      ...(hook.secret === null ? {} : { secret: "********" }),
    },
    created_at: timeOf(hook.createdAt),
    updated_at: timeOf(hook.createdAt),
    url: address,
    test_url: `${address}/test`,
    ping_url: `${address}/pings`,
    deliveries_url: `${address}/deliveries`,
    last_response: { code: null, status: "unused", message: null },
  };
}
