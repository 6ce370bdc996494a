import type { IncomingMessage } from "node:http";
import type { RpcHttp, TypedData } from "../contract.ts";

/** The largest request body the host takes, in bytes. */
export const MAX_BODY_BYTES = 104_857_600;

export class BodyTooLargeError extends Error {
  override name = "BodyTooLargeError";
}

/** Reads a body whole. @throws {BodyTooLargeError} beyond the limit, without reading the rest */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw new BodyTooLargeError();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new BodyTooLargeError();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Header names in lower case, repeated ones joined. */
export function flatHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values) headers[name] = values.join(name === "cookie" ? "; " : ", ");
  }
  return headers;
}

export function absoluteUrl(request: IncomingMessage): URL {
  const host = request.headers.host ?? `localhost:${request.socket.localPort}`;
  const target = request.url ?? "/";
  if (/^https?:\/\//i.test(target)) return new URL(target);
  return new URL(`http://${host}${target.startsWith("/") ? target : "/"}`);
}

/** A request as the host sends it to the worker. An empty query is left out: the app's library would not look at the URL. */
export function toRpcHttp(
  request: IncomingMessage,
  url: URL,
  params: Record<string, string>,
  body: Buffer,
): TypedData {
  const query: Record<string, string> = {};
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name).join(",");
  const http: RpcHttp = {
    method: request.method ?? "GET",
    url: url.href,
    headers: flatHeaders(request),
    params,
    ...(Object.keys(query).length > 0 && { query }),
    ...(body.length > 0 && { body: { bytes: body } }),
  };
  return { http };
}
