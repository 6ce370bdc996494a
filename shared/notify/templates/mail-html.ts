import { type ComponentChildren, h } from "preact";
import { render } from "preact-render-to-string";

/** A mail: the HTML part and the text part say the same. */
export interface MailContent {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

const BODY =
  "font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#1b1f24;background:#ffffff;max-width:36em;margin:0 auto;padding:16px";
const BUTTON =
  "display:inline-block;padding:10px 18px;background:#0b57b0;color:#ffffff;text-decoration:none;border-radius:6px";

export interface MailParts {
  readonly subject: string;
  readonly sentence: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly link?: { readonly label: string; readonly url: string; readonly note: string } | undefined;
}

/** No image, no script, one button, and the same address as text for those who cannot press it. */
export function composeMail({ subject, sentence, facts, link }: MailParts): MailContent {
  const children: ComponentChildren[] = [
    h("h1", { style: "font-size:20px;line-height:1.3" }, sentence),
    h(
      "table",
      { style: "border-collapse:collapse" },
      ...facts.map(([name, value]) =>
        h(
          "tr",
          null,
          h(
            "th",
            {
              scope: "row",
              style:
                "text-align:left;vertical-align:top;padding:4px 16px 4px 0;color:#57606a;font-weight:normal",
            },
            name,
          ),
          h("td", { style: "padding:4px 0" }, value),
        ),
      ),
    ),
  ];
  if (link) {
    children.push(
      h("p", { style: "margin:24px 0" }, h("a", { href: link.url, style: BUTTON }, link.label)),
      h(
        "p",
        { style: "color:#57606a;font-size:14px;overflow-wrap:anywhere" },
        link.note,
        h("br", null),
        link.url,
      ),
    );
  }
  const html = render(
    h(
      "html",
      { lang: "en" },
      h("head", null, h("meta", { charset: "utf-8" }), h("title", null, subject)),
      h("body", { style: BODY }, ...children),
    ),
  );
  const text = [
    sentence,
    "",
    ...facts.map(([name, value]) => `${name}: ${value}`),
    ...(link ? ["", `${link.label}: ${link.url}`, link.note] : []),
    "",
  ].join("\n");
  return { subject: subject.replace(/\s+/g, " "), html: `<!doctype html>${html}`, text };
}
