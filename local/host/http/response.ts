import type { ServerResponse } from "node:http";
import * as z from "zod/mini";
import type { TypedData } from "../contract.ts";

const Wrapped = <Value extends z.ZodMiniType>(value: Value) => z.nullish(z.object({ value }));

const Cookie = z.object({
  name: z.string(),
  value: z._default(z.string(), ""),
  domain: Wrapped(z.string()),
  path: Wrapped(z.string()),
  expires: Wrapped(z.object({ seconds: z.number() })),
  secure: Wrapped(z.boolean()),
  httpOnly: Wrapped(z.boolean()),
  sameSite: z._default(z.enum(["none", "lax", "strict", "explicitNone"]), "none"),
  maxAge: Wrapped(z.number()),
});

/**
 * Writes what a function returned: nothing is 204, everything else its own status, headers, cookies and bytes.
 *
 * @throws {Error} when the answer is not one HTTP can carry; nothing has been written then
 */
export function writeFunctionResponse(
  response: ServerResponse,
  returned: TypedData | null | undefined,
): void {
  if (returned === null || returned === undefined) {
    response.writeHead(204).end();
    return;
  }
  if (!("http" in returned)) {
    const body = bytesOf(returned);
    response
      .writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": body.length })
      .end(body);
    return;
  }
  const { statusCode = "200", headers = {}, cookies = [], body: data } = returned.http;
  const status = Number(statusCode);
  const mayHaveBody = status !== 204 && status !== 205 && status !== 304;
  const body = mayHaveBody && data ? bytesOf(data) : Buffer.alloc(0);
  const setCookies = cookies.map((cookie) => serializeCookie(Cookie.parse(cookie)));
  for (const [name, value] of Object.entries(headers)) {
    if (!HOP_BY_HOP.has(name)) response.setHeader(name, value);
  }
  if (setCookies.length > 0) response.setHeader("set-cookie", setCookies);
  if (mayHaveBody) response.setHeader("content-length", body.length);
  response.writeHead(status).end(body);
}

/** The host frames the message itself. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"]);

function bytesOf(data: TypedData): Buffer {
  if ("bytes" in data) return Buffer.from(data.bytes);
  if ("string" in data) return Buffer.from(data.string);
  if ("json" in data) return Buffer.from(data.json);
  if ("int" in data) return Buffer.from(String(data.int));
  if ("double" in data) return Buffer.from(String(data.double));
  return Buffer.alloc(0);
}

function serializeCookie(cookie: z.infer<typeof Cookie>): string {
  const { domain, path, expires, secure, httpOnly, sameSite, maxAge } = cookie;
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    expires ? `expires=${new Date(expires.value.seconds * 1000).toUTCString()}` : "",
    maxAge ? `max-age=${Math.trunc(maxAge.value)}` : "",
    domain ? `domain=${domain.value}` : "",
    `path=${path?.value ?? "/"}`,
    secure?.value ? "secure" : "",
    sameSite === "none" ? "" : `samesite=${sameSite === "explicitNone" ? "none" : sameSite}`,
    httpOnly?.value ? "httponly" : "",
  ]
    .filter((part) => part !== "")
    .join("; ");
}
