import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { RaiseEvent } from "../service.ts";
import type { Webhooks } from "./webhooks.ts";

/** The image that something happened to; `tag` is left out when it was named by its digest. */
export interface ImageTarget {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest. */
  readonly size: number;
  readonly tag?: string | undefined;
}

/** Who asked: what events tell of the request. */
export interface Asker {
  readonly host: string;
  readonly method: string;
  readonly userAgent: string;
}

export interface AnnouncerOptions {
  /** ARM id of the registry. */
  readonly registryId: string;
  readonly clock: Clock;
  readonly raise: RaiseEvent;
  readonly webhooks: Webhooks;
}

/** Tells Event Grid and the registry's webhooks what happened to an image. */
export class Announcer {
  readonly #options: AnnouncerOptions;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** An image can be pulled: after its push, or after it passed quarantine. */
  pushed({ repository, digest, mediaType, size, tag }: ImageTarget, asker: Asker): void {
    const target = { mediaType, size, digest, length: size, repository, ...(tag !== undefined && { tag }) };
    this.#tell("push", "ImagePushed", tag === undefined ? repository : `${repository}:${tag}`, target, asker);
  }

  deleted({ repository, digest, mediaType }: ImageTarget, asker: Asker): void {
    this.#tell("delete", "ImageDeleted", repository, { mediaType, digest, repository }, asker);
  }

  /** Webhooks alone: Event Grid has no event for it. The documented body has neither media type nor user agent. */
  quarantined({ repository, digest, size, tag }: ImageTarget, { host, method }: Asker): void {
    const target = { size, digest, length: size, repository, ...(tag !== undefined && { tag }) };
    const request = { id: randomUUID(), host, method };
    const body = { id: randomUUID(), timestamp: this.#timestamp(), action: "quarantine", target, request };
    this.#options.webhooks.send("quarantine", repository, tag, body);
  }

  #tell(
    action: "push" | "delete",
    event: string,
    subject: string,
    target: Record<string, unknown> & { repository: string; tag?: string },
    { host, method, userAgent }: Asker,
  ): void {
    const request = { id: randomUUID(), host, method, useragent: userAgent };
    const data = { id: randomUUID(), timestamp: this.#timestamp(), action, target, request };
    const { registryId, raise, webhooks } = this.#options;
    const eventType = `Microsoft.ContainerRegistry.${event}`;
    raise({ topic: registryId, subject, eventType, data, dataVersion: "1.0" });
    webhooks.send(action, target.repository, target.tag, data);
  }

  /** Nine fraction digits, as the registry writes them. */
  #timestamp(): string {
    return new Date(this.#options.clock.now()).toISOString().replace("Z", "000000Z");
  }
}
