import { sha256 } from "../canonical.ts";

/**
 * A signal's id: the same for every redelivery, because it is made only from what names the occurrence.
 *
 * @param prefix - readable, at most 40 characters, such as the signal's kind
 * @param parts - what tells this occurrence from another, in a fixed order; case is kept, so fold it first
 *   where Azure does not keep it (resource ids)
 * @returns prefix, a colon and 128 bits of SHA-256 over the parts, in hex
 */
export function signalId(prefix: string, ...parts: readonly string[]): string {
  return `${prefix.slice(0, 40)}:${sha256(JSON.stringify(parts)).slice(0, 32)}`;
}
