import { piecesOf } from "./markdown.ts";
import { isRecord } from "./validate.ts";

/** The first text of a card, by which a list can name it. */
export function titleOf(card: unknown): string {
  const text = firstText(card) ?? "A card without text";
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

function firstText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = firstText(item);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  if (typeof value.text === "string" && value.text.trim() !== "")
    return piecesOf(value.text)
      .map(({ text }) => text)
      .join("")
      .trim();
  return firstText([value.body, value.items, value.columns, value.inlines, value.rows, value.cells]);
}
