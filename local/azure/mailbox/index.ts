import { mkdirSync } from "node:fs";
import path from "node:path";
import { type Clock, systemClock } from "../../clock.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { createEmailApi } from "./email-api.ts";
import { listPage, mailDocument, mailPage, missingPage } from "./pages.ts";
import { MailStore } from "./store.ts";
import { STYLE } from "./style.ts";

export interface MailboxOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly clock?: Clock;
}

const PAGE_LIMIT = 200;
const JSON_LIMIT = 10_000;

/** Azure Communication Services e-mail whose every mail ends in one mailbox on this machine, with pages to read it. */
export function createMailbox({ data, authenticate, clock = systemClock }: MailboxOptions): Service {
  mkdirSync(data, { recursive: true });
  const store = new MailStore(path.join(data, "mailbox.sqlite"));
  const emailApi = createEmailApi({ store, clock, authenticate });

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (request.method !== "GET" && request.method !== "HEAD") return emailApi(request);
    if (request.path === "/mailbox.json") return { status: 200, body: store.mails(JSON_LIMIT) };
    const [area, id, part, ...rest] = request.segments;
    if (area !== "mailbox" || rest.length > 0) return emailApi(request);
    if (id === undefined) return listPage(store.mails(PAGE_LIMIT), store.count(), clock.now());
    if (id === "style.css")
      return { status: 200, headers: { "content-type": "text/css; charset=utf-8" }, body: STYLE };
    const mail = /^\d{1,15}$/.test(id) ? store.mail(Number(id)) : undefined;
    if (!mail || (part !== undefined && part !== "html")) return missingPage(id);
    return part === "html" ? mailDocument(mail) : mailPage(mail);
  }

  return {
    name: "mailbox",
    handle,
    stats: () => ({ mailsSent: store.count() }),
    stop: async () => store.close(),
  };
}
