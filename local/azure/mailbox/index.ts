import path from "node:path";
import { type Clock, systemClock } from "../../clock.ts";
import { stylesheet } from "../front/page.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { CardStore } from "../teams/store.ts";
import { CARD_STYLE } from "../teams/style.ts";
import { createTeams } from "../teams/webhook.ts";
import { createEmailApi } from "./email-api.ts";
import { FRAME_SCRIPT } from "./frame.ts";
import { attachmentFile, cardPage, listPage, mailDocument, mailPage, missingPage } from "./pages.ts";
import { type Mail, MailStore } from "./store.ts";
import { STYLE } from "./style.ts";

export interface MailboxOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly clock?: Clock;
  /** Access key of Communication Services, in base64. */
  readonly accessKey?: string;
}

const JAVASCRIPT = { "content-type": "text/javascript; charset=utf-8", "x-content-type-options": "nosniff" };
const PAGE_LIMIT = 200;
const JSON_LIMIT = 10_000;

export interface Mailbox extends Service {
  /** Path and query of the Teams workflow's webhook. Who knows it may post. */
  readonly teamsWebhookPath: string;
  /** A mail that a service of Azure writes itself. The same operation id again changes nothing. */
  deliver(mail: Omit<Mail, "id">): void;
}

/**
 * Azure Communication Services e-mail and a Teams channel, whose every mail and card ends in one mailbox on this
 * machine, with pages to read it.
 */
export function createMailbox({
  data,
  authenticate,
  accessKey,
  clock = systemClock,
}: MailboxOptions): Mailbox {
  const store = new MailStore(path.join(data, "mailbox.sqlite"));
  const cards = new CardStore(path.join(data, "teams.sqlite"));
  const emailApi = createEmailApi({ store, clock, authenticate, accessKey });
  const teams = createTeams({ store: cards, clock });

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const [area, ...rest] = request.segments;
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (isRead && request.path === "/mailbox.json")
      return { status: 200, body: store.mails(JSON_LIMIT).map(withoutContents) };
    if (isRead && area === "mailbox" && rest.length < 4) return show(rest);
    return teams.handle(request) ?? emailApi(request);
  }

  function show([first, second, third]: readonly string[]): ServiceAnswer {
    if (first === undefined) {
      const totals = { mails: store.count(), cards: cards.count() };
      return listPage(store.mails(PAGE_LIMIT), cards.cards(PAGE_LIMIT), totals, PAGE_LIMIT, clock.now());
    }
    if (first === "style.css") return stylesheet(`${STYLE}${CARD_STYLE}`);
    if (first === "frame.js") return { status: 200, headers: JAVASCRIPT, body: FRAME_SCRIPT };
    if (first === "cards.json") return { status: 200, body: cards.cards(JSON_LIMIT) };
    if (first === "cards") {
      const card = cards.card(numberOf(second));
      return card ? cardPage(card) : missingPage(second ?? "", "card");
    }
    const mail = store.mail(numberOf(first));
    if (mail && second === "attachments") {
      const file = mail.attachments?.[numberOf(third) - 1];
      return file ? attachmentFile(file) : missingPage(third ?? "", "attachment");
    }
    if (!mail || third !== undefined || (second !== undefined && second !== "html"))
      return missingPage(first);
    return second === "html" ? mailDocument(mail) : mailPage(mail);
  }

  return {
    name: "mailbox",
    handle,
    teamsWebhookPath: teams.path,
    deliver: (mail) => store.add(mail),
    stats: () => ({ mailsSent: store.count(), cardsPosted: cards.count() }),
    async stop() {
      store.close();
      cards.close();
    },
  };
}

/** Whoever wants a file asks for it by its number. */
function withoutContents({ attachments, ...mail }: Mail): object {
  if (!attachments) return mail;
  return { ...mail, attachments: attachments.map(({ contentInBase64: _, ...file }) => file) };
}

/** 0 is no mail's number. */
function numberOf(text = ""): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
