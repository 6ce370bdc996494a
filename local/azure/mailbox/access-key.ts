import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { ServiceRequest } from "../service.ts";

const SIGNED = "x-ms-date;host;x-ms-content-sha256";
const AUTHORIZATION = new RegExp(`^HMAC-SHA256 SignedHeaders=${SIGNED}&Signature=(.+)$`, "i");

/**
 * Whether a request is signed with the access key of the resource, for itself and for its body.
 *
 * @param accessKey - base64, as a connection string has it
 * @see Microsoft Learn, "Sign an HTTP request" of Azure Communication Services: string to sign and headers
 */
export function isSignedWith(accessKey: string, request: ServiceRequest): boolean {
  const { method, path, query, headers, body } = request;
  const signature = AUTHORIZATION.exec(headers.authorization ?? "")?.[1];
  const hash = createHash("sha256").update(body).digest("base64");
  if (signature === undefined || headers["x-ms-content-sha256"] !== hash) return false;
  const target = query.size > 0 ? `${path}?${query}` : path;
  const signed = `${method}\n${target}\n${headers["x-ms-date"] ?? ""};${headers.host ?? ""};${hash}`;
  const expected = createHmac("sha256", Buffer.from(accessKey, "base64")).update(signed).digest();
  const given = Buffer.from(signature, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
