/** The polling that `callHttp` does on both sides of the protocol: here the host's. */
import * as z from "zod/mini";
import type { DurableHttpRequest } from "./actions.ts";

/** The name under which a history holds an HTTP call. */
export const HTTP_ACTIVITY = "BuiltIn::HttpActivity";

const HttpResponse = z.object({
  statusCode: z.number(),
  headers: z._default(z.record(z.string(), z.string()), {}),
  content: z.nullish(z.string()),
});
export type HttpResponse = z.infer<typeof HttpResponse>;

/** Reads the recorded result of an HTTP call. */
export function httpResponse(result: unknown): HttpResponse {
  return HttpResponse.parse(JSON.parse(String(result)));
}

/** What to ask next and when, or `undefined` when the response is the answer. */
export function nextPoll(
  request: DurableHttpRequest,
  response: HttpResponse,
  defaultSleepMs: number,
): { readonly delayMs: number; readonly request: DurableHttpRequest } | undefined {
  const location = header(response.headers, "location");
  if (response.statusCode !== 202 || !location || request.asynchronousPatternEnabled === false)
    return undefined;
  const retryAfterSeconds = Number(header(response.headers, "retry-after") ?? Number.NaN);
  const headers = Object.entries(request.headers ?? {}).filter(
    ([k]) => k.toLowerCase() !== "x-functions-key",
  );
  return {
    delayMs: Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : defaultSleepMs,
    request: {
      method: "GET",
      uri: new URL(location, request.uri).href,
      headers: Object.fromEntries(headers),
      asynchronousPatternEnabled: true,
      ...(request.tokenSource ? { tokenSource: request.tokenSource } : {}),
    },
  };
}

function header(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}
