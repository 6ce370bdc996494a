import { randomUUID } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import type { TypedData } from "../contract.ts";
import { flatHeaders } from "./request.ts";
import type { RouteMatch } from "./routes.ts";
import type { HostState } from "./state.ts";

/** Headers that belong to one connection and are not passed on. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "upgrade",
];

/** How long after the end of its function a request may go without an answer before the log tells of it, in ms. */
const SILENCE_MS = 1000;

/**
 * Serves an app in streaming mode: the request goes to the app's own proxy while the invocation runs; both carry one id.
 *
 * @param streamUri - the app's capability `HttpUri`
 */
export async function forwardStream(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { route, params }: RouteMatch,
  streamUri: string,
  { worker, log }: Pick<HostState, "worker" | "log">,
): Promise<void> {
  const invocationId = randomUUID();
  const target = new URL(streamUri);
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.includes(name)),
  );
  const forwarded = http.request({
    host: target.hostname,
    port: target.port,
    method: request.method ?? "GET",
    path: `${url.pathname}${url.search}`,
    headers: {
      ...headers,
      "x-ms-invocation-id": invocationId,
      "x-forwarded-host": url.host,
      "x-forwarded-proto": "http",
    },
  });
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  forwarded.once("response", (answer) => {
    for (const [name, value] of Object.entries(answer.headers)) {
      const isPrivate =
        HOP_BY_HOP.includes(name) || name === "transfer-encoding" || name === "x-ms-invocation-id";
      if (!isPrivate && value !== undefined) response.setHeader(name, value);
    }
    response.writeHead(answer.statusCode ?? 502);
    // a stream that breaks off breaks the connection off: the caller must not take what has come for all of it
    pipeline(answer, response, () => resolve());
  });
  forwarded.once("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(500).end();
    resolve();
  });
  // a caller that goes away is waited for no longer, and the app's proxy learns of it
  response.once("close", () => {
    forwarded.destroy();
    resolve();
  });
  request.pipe(forwarded);

  const outcome = await worker.invoke({
    functionName: route.function.name,
    invocationId,
    reason: "This function was called via the host's HTTP surface.",
    triggerData: { http: { method: request.method ?? "GET", url: url.href, headers: {}, params } },
    triggerMetadata: streamMetadata(request, url, params),
  });
  if (!outcome.succeeded) forwarded.destroy(new Error(outcome.message));
  const silence = setTimeout(() => {
    if (response.headersSent) return;
    const line = `Function '${route.function.name}' has ended, and nobody answers its request: with streaming on, a function that returns nothing leaves its caller waiting, here as on Azure. Return an object, {} at least.`;
    log("error", `Function.${route.function.name}`, line);
  }, SILENCE_MS);
  await answered;
  clearTimeout(silence);
}

function streamMetadata(
  request: IncomingMessage,
  url: URL,
  params: Record<string, string>,
): Record<string, TypedData> {
  const routeValues = Object.entries(params).map(([name, value]) => [name, { string: value }]);
  return {
    ...Object.fromEntries(routeValues),
    Query: { json: JSON.stringify(Object.fromEntries(url.searchParams)) },
    Headers: { json: JSON.stringify(flatHeaders(request)) },
  };
}
