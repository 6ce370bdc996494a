import { type ComponentChildren, h, type VNode } from "preact";
import { htmlHeaders, page } from "../front/page.ts";
import type { ServiceAnswer } from "../service.ts";
import { drawCard } from "../teams/draw.ts";
import type { KeptCard } from "../teams/store.ts";
import type { Attachment, Mail } from "./store.ts";

const STYLESHEET = "/mailbox/style.css";

const SCRIPT = "/mailbox/frame.js";

/**
 * A mail is a stranger's document: no script, no form, no request. Its links open a new tab. It has the origin of its
 * page, so that the page can measure it; that is safe for as long as it may run no scripts.
 */
const SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";
const MAIL_POLICY =
  `sandbox ${SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; ` +
  "img-src data:; form-action 'none'; frame-ancestors 'self'; base-uri 'none'";

/** One line of the list. */
interface Letter {
  readonly href: string;
  readonly kind: "Mail" | "Card";
  readonly title: string;
  readonly to: string;
  readonly receivedAt: string;
}

/** Mails and cards in one list, newest first. `totals` are of all that arrived, `limit` is how many may be shown. */
export function listPage(
  mails: readonly Mail[],
  cards: readonly KeptCard[],
  totals: { mails: number; cards: number },
  limit: number,
  now: number,
): ServiceAnswer {
  const letters = [...mails.map(mailLetter), ...cards.map(cardLetter)]
    .sort((a, b) => b.receivedAt.localeCompare(a.receivedAt))
    .slice(0, limit);
  const [newest] = letters;
  const counts = [counted(totals.mails, "mail"), counted(totals.cards, "Teams card")].filter(Boolean);
  const sentence = newest
    ? `${counts.join(" and ")}, the newest ${ago(newest, now)}.`
    : "No mail yet. What the app sends appears here as soon as it is sent, and never leaves this machine.";
  const isCut = letters.length < totals.mails + totals.cards;
  return page(
    { title: "Mailbox", stylesheet: STYLESHEET },
    h("h1", null, "Mailbox"),
    h("p", null, sentence, isCut && ` The newest ${letters.length} are shown.`),
    newest &&
      h(
        "ul",
        { class: "mails" },
        letters.map((letter) => listItem(letter, now)),
      ),
  );
}

function mailLetter({ id, subject, to, receivedAt }: Mail): Letter {
  return { href: `/mailbox/${id}`, kind: "Mail", title: subject, to: `to ${to.join(", ")}`, receivedAt };
}

function cardLetter({ id, title, receivedAt }: KeptCard): Letter {
  return { href: `/mailbox/cards/${id}`, kind: "Card", title, to: "to the Teams channel", receivedAt };
}

function counted(count: number, noun: string): string {
  return count === 0 ? "" : `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function listItem(letter: Letter, now: number): VNode {
  return h(
    "li",
    null,
    h("a", { href: letter.href }, letter.title),
    h(
      "div",
      null,
      h("span", { class: "kind" }, letter.kind),
      ` ${letter.to} · `,
      time(letter, ago(letter, now)),
    ),
  );
}

/** One card, as it looks in the channel, and as it was sent. */
export function cardPage(kept: KeptCard): ServiceAnswer {
  return page(
    { title: kept.title, stylesheet: STYLESHEET },
    h("p", null, h("a", { href: "/mailbox" }, "All mails and cards")),
    h("h1", null, kept.title),
    h(
      "dl",
      null,
      row("To", "the Teams channel"),
      row("Received", time(kept, `${kept.receivedAt.slice(0, 19).replace("T", " ")} UTC`)),
      row("Run", kept.runId),
    ),
    drawCard(kept.card),
    h(
      "details",
      { class: "source" },
      h("summary", null, "The card as it was sent"),
      h("pre", { tabIndex: 0 }, JSON.stringify(kept.card, null, 2)),
    ),
  );
}

/** One mail: who, when, and both of its parts. */
export function mailPage(mail: Mail): ServiceAnswer {
  const answer = page(
    { title: mail.subject, stylesheet: STYLESHEET },
    h("p", null, h("a", { href: "/mailbox" }, "All mails and cards")),
    h("h1", null, mail.subject),
    h(
      "dl",
      null,
      row("From", mail.from),
      row("To", mail.to.join(", ")),
      mail.replyTo && row("Reply to", mail.replyTo.join(", ")),
      mail.attachments &&
        row(
          "Attachments",
          mail.attachments.map(({ name }, index) => [
            index > 0 && ", ",
            h("a", { href: `/mailbox/${mail.id}/attachments/${index + 1}` }, name),
          ]),
        ),
      row("Received", time(mail, `${mail.receivedAt.slice(0, 19).replace("T", " ")} UTC`)),
      row("Operation", mail.operationId),
    ),
    mail.html &&
      h("iframe", {
        src: `/mailbox/${mail.id}/html`,
        title: `The mail "${mail.subject}" as it looks`,
        sandbox: SANDBOX,
      }),
    h("h2", null, "Plain text"),
    mail.text ? h("pre", null, mail.text) : h("p", { class: "muted" }, "The mail has no plain-text part."),
    mail.html && h("script", { src: SCRIPT }),
  );
  return mail.html ? withOwnScript(answer) : answer;
}

/** The pages of the simulated services run no script; this one runs the mailbox's own. */
function withOwnScript({ headers, ...answer }: ServiceAnswer): ServiceAnswer {
  const policy = `${headers?.["content-security-policy"]}; script-src 'self'`;
  return { ...answer, headers: { ...headers, "content-security-policy": policy } };
}

export function missingPage(id: string, what = "mail"): ServiceAnswer {
  return page(
    { title: `No such ${what}`, stylesheet: STYLESHEET, status: 404 },
    h("h1", null, `No such ${what}`),
    h("p", null, `There is no ${what} number ${id}. `, h("a", { href: "/mailbox" }, "All mails and cards")),
  );
}

/** The HTML part alone, for the frame of its page. */
export function mailDocument({ html }: Mail): ServiceAnswer {
  const head = /<head[^>]*>/i.exec(html);
  const at = head ? head.index + head[0].length : 0;
  const body = `${html.slice(0, at)}<base target="_blank">${html.slice(at)}`;
  return { status: 200, headers: htmlHeaders(MAIL_POLICY), body };
}

/** A stranger's file: it is saved, never shown in a page's origin. */
export function attachmentFile({ name, contentInBase64 }: Attachment): ServiceAnswer {
  const headers = {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    "x-content-type-options": "nosniff",
  };
  return { status: 200, headers, body: Buffer.from(contentInBase64, "base64") };
}

function row(name: string, value: ComponentChildren): VNode[] {
  return [h("dt", null, name), h("dd", null, value)];
}

function time({ receivedAt }: Received, text: string): ComponentChildren {
  return h("time", { dateTime: receivedAt, title: receivedAt }, text);
}

type Received = Pick<Mail, "receivedAt">;

/** How long ago, in the largest unit that has passed whole. */
function ago({ receivedAt }: Received, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(receivedAt)) / 1000));
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ] as const;
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? ["second", 1];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
