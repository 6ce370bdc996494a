import { type ComponentChildren, h } from "preact";
import { render } from "preact-render-to-string";
import type { ServiceAnswer } from "../service.ts";

export interface PageOptions {
  readonly title: string;
  /** Path of its one stylesheet. */
  readonly stylesheet: string;
  readonly status?: number;
  /** Where its forms may lead, redirects after them included; nowhere by default. */
  readonly formAction?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page for people: text, one stylesheet, frames of its own origin; a script only where `headers` let one in. */
export function page(options: PageOptions, ...content: ComponentChildren[]): ServiceAnswer {
  const document = h(
    "html",
    { lang: "en" },
    h(
      "head",
      null,
      h("meta", { charset: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("meta", { name: "color-scheme", content: "light dark" }),
      h("title", null, options.title),
      h("link", { rel: "stylesheet", href: options.stylesheet }),
    ),
    h("body", null, h("main", null, ...content)),
  );
  const policy =
    `default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; ` +
    `form-action ${options.formAction ?? "'none'"}; frame-ancestors 'none'; base-uri 'none'`;
  return {
    status: options.status ?? 200,
    headers: { ...htmlHeaders(policy), ...options.headers },
    body: `<!doctype html>${render(document)}`,
  };
}

/** The headers of any HTML that is served: kept by nobody, and no referrer. */
export function htmlHeaders(policy: string): Record<string, string> {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  };
}

export function stylesheet(body: string): ServiceAnswer {
  return { status: 200, headers: { "content-type": "text/css; charset=utf-8" }, body };
}

/** What the pages of the simulated services share: the product's palette, light and dark, and plain type. */
export const BASE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f8fa; --line: #d0d7de; --ink: #1b1f24; --muted: #57606a; --link: #0b57b0;
  --good: #0b6b5b; --warn: #8a5700; --bad: #a8321f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161b; --panel: #1a2027; --line: #343c45; --ink: #e8edf2; --muted: #9aa7b4; --link: #7db4ff;
    --good: #5ecbb1; --warn: #e5b454; --bad: #ff9b85;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p { max-width: 72ch; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, iframe:focus-visible, pre:focus-visible, summary:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px;
}
.muted, time { color: var(--muted); }
`;
