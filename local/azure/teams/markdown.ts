/** A piece of a text with one look. */
export interface Piece {
  readonly text: string;
  readonly look?: "bold" | "italic";
  readonly href?: string;
}

const MARKS =
  /\*\*(?<bold>.+?)\*\*|(?<!\w)_(?<italic>[^_]+)_(?!\w)|\[(?<label>[^\]]+)\]\((?<href>[^()\s]+)\)/g;

/**
 * The Markdown that a text of an Adaptive Card may hold: bold, italic, links. HTML is text, as in Teams.
 *
 * @see https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
 */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    end = match.index + match[0].length;
    const { bold, italic, label, href } = match.groups ?? {};
    if (bold !== undefined) pieces.push({ text: bold, look: "bold" });
    else if (italic !== undefined) pieces.push({ text: italic, look: "italic" });
    else if (label !== undefined) pieces.push({ text: label, ...safeHref(href) });
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** An address that a browser may be led to; any other is no link at all. */
export function safeHref(href: string | undefined): { href?: string } {
  const url = href === undefined ? null : URL.parse(href);
  return url && ["http:", "https:", "mailto:"].includes(url.protocol) ? { href: url.href } : {};
}
