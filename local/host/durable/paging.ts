/** Pages of a list: a header carries where the next one begins. */
import type { Query } from "./query.ts";

const CONTINUATION_HEADER = "x-ms-continuation-token";
const DEFAULT_PAGE_SIZE = 100;

export function pageSize(query: Query): number {
  return Math.max(0, query.count("top") ?? 0) || DEFAULT_PAGE_SIZE;
}

/** What a list is to begin after. */
export function readToken(headers: Record<string, string>): { readonly after?: string } {
  const token = headers[CONTINUATION_HEADER];
  return token ? { after: Buffer.from(token, "base64url").toString() } : {};
}

/** @param found - at least one more than a page when there is a next one */
export function cutPage<T>(found: readonly T[], size: number, idOf: (item: T) => string) {
  const page = found.slice(0, size);
  const last = page.at(-1);
  const next = found.length > size && last ? Buffer.from(idOf(last)).toString("base64url") : "";
  return { page, headers: { [CONTINUATION_HEADER]: next } };
}
