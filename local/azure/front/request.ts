import type { IncomingMessage } from "node:http";
import type { ServiceRequest } from "../service.ts";

/** A request that never reaches a service, because of what it is. */
export class RefusedRequestError extends Error {
  override name = "RefusedRequestError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Any other name in the Host header is a page elsewhere that let its own name point here (DNS rebinding). */
const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/**
 * Reads a request as the services take it.
 *
 * @throws {RefusedRequestError} 400 for a target or an escape that cannot be read, 413 above `maxBodyBytes`, 421 for another's host name
 */
export async function readRequest(
  message: IncomingMessage,
  options: { scheme: "http" | "https"; maxBodyBytes: number; signal: AbortSignal },
): Promise<ServiceRequest> {
  const host = message.headers.host ?? "";
  if (!OWN_HOST.test(host)) {
    throw new RefusedRequestError(
      421,
      "MisdirectedRequest",
      `The Host header is '${host.slice(0, 100)}', expected localhost, 127.0.0.1 or [::1]: this server answers for no other name.`,
    );
  }
  const target = readTarget(message.url ?? "/");
  return {
    method: message.method ?? "GET",
    ...target,
    headers: joinHeaders(message),
    body: await readBody(message, options.maxBodyBytes),
    origin: `${options.scheme}://${host}`,
    signal: options.signal,
  };
}

/** By hand, because `new URL("//subscriptions/x", base)` would take the first segment for a host name. */
function readTarget(url: string): Pick<ServiceRequest, "path" | "segments" | "query"> {
  const mark = url.indexOf("?");
  const received = mark < 0 ? url : url.slice(0, mark);
  if (!received.startsWith("/")) {
    throw new RefusedRequestError(
      400,
      "BadRequest",
      "The request target must be a path that starts with '/'.",
    );
  }
  const path = received.replace(/^\/+/, "/");
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  try {
    return { path, query, segments: path.split("/").filter(Boolean).map(decodeURIComponent) };
  } catch {
    throw new RefusedRequestError(
      400,
      "BadRequest",
      `The path '${path.slice(0, 200)}' has a percent sign that starts no valid escape.`,
    );
  }
}

function joinHeaders(message: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(message.headersDistinct).map(([name, values]) => [name, (values ?? []).join(", ")]),
  );
}

async function readBody(message: IncomingMessage, maxBodyBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) {
      throw new RefusedRequestError(
        413,
        "RequestEntityTooLarge",
        `The body is larger than ${maxBodyBytes} bytes, the most this server takes.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
