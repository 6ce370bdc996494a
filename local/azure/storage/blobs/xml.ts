import { StorageError } from "../errors.ts";

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** One element; `content` is XML already. */
export function element(name: string, content: string, attributes: Record<string, string> = {}): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${written.join("")}>${content}</${name}>`;
}

/** Elements that hold text; those without a value are left out. */
export function textElements(values: Readonly<Record<string, string | number | undefined>>): string {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return present.map(([name, value]) => element(name, escapeXml(String(value)))).join("");
}

export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>${root}`;
}

export interface BlockReference {
  readonly from: "Committed" | "Uncommitted" | "Latest";
  readonly id: string;
}

/** @throws {StorageError} 400 InvalidXmlDocument when it is not a block list */
export function parseBlockList(xml: string): BlockReference[] {
  if (!/<BlockList\b/.test(xml)) {
    throw new StorageError(
      400,
      "InvalidXmlDocument",
      "The body is not a block list; expected a <BlockList> document.",
    );
  }
  return [...xml.matchAll(/<(Committed|Uncommitted|Latest)>([^<]*)</g)].map((match) => ({
    from: match[1] === "Committed" || match[1] === "Uncommitted" ? match[1] : "Latest",
    id: (match[2] ?? "").trim(),
  }));
}
