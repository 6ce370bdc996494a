import { randomUUID } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { TypedData } from "../contract.ts";
import type { Worker } from "../worker/worker.ts";
import { flatHeaders } from "./request.ts";
import type { RouteMatch } from "./routes.ts";

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
  worker: Worker,
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
    answer.pipe(response);
    response.once("close", resolve);
  });
  forwarded.once("error", () => {
    if (!response.headersSent) response.writeHead(500);
    response.end();
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
  await answered;
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
