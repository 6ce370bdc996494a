/** One request of `callHttp`. */
import type { DurableHttpRequest } from "./actions.ts";
import type { HttpResponse } from "./http-polling.ts";

const TIMEOUT_MS = 100_000;

/**
 * Sends the request; every status is an answer, but a redirection is followed, as the extension's own client does.
 *
 * @throws when no answer comes: no connection, no token, or no response in time
 */
export async function sendHttpRequest(request: DurableHttpRequest): Promise<HttpResponse> {
  const headers = new Headers(request.headers);
  if (request.content !== undefined && !headers.has("content-type"))
    headers.set("content-type", "application/json");
  if (request.tokenSource)
    headers.set("authorization", `Bearer ${await token(request.tokenSource.resource)}`);
  const response = await fetch(request.uri, {
    method: request.method.toUpperCase(),
    headers,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(request.content === undefined ? {} : { body: request.content }),
  });
  const answered = [...response.headers].filter(([name]) => !name.startsWith("content-"));
  return {
    statusCode: response.status,
    headers: Object.fromEntries(answered),
    content: await response.text(),
  };
}

async function token(resource: string): Promise<string> {
  // Large, and few apps ask for a token here.
  const { ManagedIdentityCredential } = await import("@azure/identity");
  const scope = `${resource.replace(/\/$/, "")}/.default`;
  return (await new ManagedIdentityCredential().getToken(scope)).token;
}
