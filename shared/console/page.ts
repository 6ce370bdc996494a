import { type ComponentChild, type ComponentChildren, h } from "preact";
import { render } from "preact-render-to-string";

/** Nothing inline, nothing from elsewhere: what others wrote can never run. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self' data:",
  "script-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

const NAVIGATION = [
  ["/console", "Overview"],
  ["/console/approvals", "Approvals"],
  ["/console/inbox", "Inbox"],
  ["/console/ledger", "Ledger"],
] as const;

export interface Frame {
  readonly title: string;
  /** Approval pages are for people who may not see the console: they get no way into it, and do not change by themselves. */
  readonly inConsole: boolean;
  /** The navigation entry to mark. */
  readonly current?: string;
}

/** A whole page as text: the frame around `children`. */
export function renderPage(frame: Frame, ...children: ComponentChildren[]): string {
  const head = h(
    "head",
    null,
    h("meta", { charset: "utf-8" }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("meta", { name: "color-scheme", content: "light dark" }),
    h("title", null, `${frame.title} · Outerloop`),
    h("link", { rel: "stylesheet", href: "/console/style.css" }),
    frame.inConsole ? h("script", { src: "/console/live.js", defer: true }) : null,
  );
  const main = h("main", frame.inConsole ? { id: "main", "data-live": "" } : { id: "main" }, ...children);
  const body = h("body", null, banner(frame), main);
  return `<!doctype html>${render(h("html", { lang: "en" }, head, body))}`;
}

function banner({ inConsole, current }: Frame): ComponentChild {
  const name = h("strong", { class: "brand" }, "Outerloop");
  if (!inConsole) return h("header", null, name);
  const links = NAVIGATION.map(([href, label]) =>
    h("a", { href, "aria-current": href === current ? "page" : undefined }, label),
  );
  return h("header", null, name, h("nav", { "aria-label": "Console" }, ...links));
}
