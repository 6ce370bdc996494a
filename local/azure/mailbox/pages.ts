import { type ComponentChildren, h, type VNode } from "preact";
import { render } from "preact-render-to-string";
import type { ServiceAnswer } from "../service.ts";
import type { Mail } from "./store.ts";

const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/** A mail is a stranger's document: no script, no request, and an origin of its own. Its links open a new tab. */
const MAIL_POLICY =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
  "img-src data:; form-action 'none'; frame-ancestors 'self'; base-uri 'none'";

/** The list of mails, newest first. */
export function listPage(mails: readonly Mail[], total: number, now: number): ServiceAnswer {
  const [newest] = mails;
  const sentence = newest
    ? `${total === 1 ? "1 mail" : `${total} mails`}, the newest ${ago(newest, now)}.`
    : "No mail yet. What the app sends appears here as soon as it is sent, and never leaves this machine.";
  const shown = mails.length < total ? `The newest ${mails.length} are shown.` : undefined;
  return page(
    "Mailbox",
    h("h1", null, "Mailbox"),
    h("p", null, sentence, shown && ` ${shown}`),
    newest &&
      h(
        "ul",
        { class: "mails" },
        mails.map((mail) => listItem(mail, now)),
      ),
  );
}

function listItem(mail: Mail, now: number): VNode {
  return h(
    "li",
    null,
    h("a", { href: `/mailbox/${mail.id}` }, mail.subject),
    h("div", null, `to ${mail.to.join(", ")} · `, time(mail, ago(mail, now))),
  );
}

/** One mail: who, when, and both of its parts. */
export function mailPage(mail: Mail): ServiceAnswer {
  return page(
    mail.subject,
    h("p", null, h("a", { href: "/mailbox" }, "All mails")),
    h("h1", null, mail.subject),
    h(
      "dl",
      null,
      row("From", mail.from),
      row("To", mail.to.join(", ")),
      row("Received", time(mail, `${mail.receivedAt.slice(0, 19).replace("T", " ")} UTC`)),
      row("Operation", mail.operationId),
    ),
    mail.html &&
      h("iframe", {
        src: `/mailbox/${mail.id}/html`,
        title: `The mail "${mail.subject}" as it looks`,
        sandbox: "allow-popups allow-popups-to-escape-sandbox",
      }),
    h("h2", null, "Plain text"),
    mail.text ? h("pre", null, mail.text) : h("p", { class: "muted" }, "The mail has no plain-text part."),
  );
}

export function missingPage(id: string): ServiceAnswer {
  const answer = page(
    "No such mail",
    h("h1", null, "No such mail"),
    h("p", null, `There is no mail number ${id}. `, h("a", { href: "/mailbox" }, "All mails")),
  );
  return { ...answer, status: 404 };
}

/** The HTML part alone, for the frame of its page. */
export function mailDocument({ html }: Mail): ServiceAnswer {
  const head = /<head[^>]*>/i.exec(html);
  const at = head ? head.index + head[0].length : 0;
  const body = `${html.slice(0, at)}<base target="_blank">${html.slice(at)}`;
  return { status: 200, headers: htmlHeaders(MAIL_POLICY), body };
}

function page(title: string, ...content: ComponentChildren[]): ServiceAnswer {
  const document = h(
    "html",
    { lang: "en" },
    h(
      "head",
      null,
      h("meta", { charset: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("meta", { name: "color-scheme", content: "light dark" }),
      h("title", null, title),
      h("link", { rel: "stylesheet", href: "/mailbox/style.css" }),
    ),
    h("body", null, h("main", null, ...content)),
  );
  return { status: 200, headers: htmlHeaders(PAGE_POLICY), body: `<!doctype html>${render(document)}` };
}

function row(name: string, value: ComponentChildren): VNode[] {
  return [h("dt", null, name), h("dd", null, value)];
}

function time({ receivedAt }: Mail, text: string): ComponentChildren {
  return h("time", { dateTime: receivedAt, title: receivedAt }, text);
}

/** How long ago, in the largest unit that has passed whole. */
function ago({ receivedAt }: Mail, now: number): string {
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

function htmlHeaders(policy: string): Record<string, string> {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  };
}
