import { hash } from "node:crypto";

/** JSON with sorted keys: equal values give equal text, so that it can be hashed. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === "object" && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** SHA-256 in lower-case hex. */
export function sha256(text: string): string {
  return hash("sha256", text);
}

/** A GUID that is always the same for the same text: an idempotency key for services that want a GUID. */
export function stableGuid(text: string): string {
  const hex = sha256(text);
  // The version and variant digits of RFC 9562 version 8: free-form content.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
