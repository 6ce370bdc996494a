import type { IncomingMessage, ServerResponse } from "node:http";

export interface Cors {
  /** `*` or a comma-separated list, as `Host.CORS` of local.settings.json has it. */
  readonly origins: string;
  readonly withCredentials: boolean;
}

/** Adds the headers a browser asks for. @returns whether the request was a preflight, which is answered then */
export function applyCors(
  request: IncomingMessage,
  response: ServerResponse,
  cors: Cors | undefined,
): boolean {
  const { origin } = request.headers;
  if (!cors || origin === undefined) return false;
  const allowed = cors.origins.split(",").map((each) => each.trim());
  if (!allowed.includes("*") && !allowed.includes(origin)) return false;
  response.setHeader(
    "access-control-allow-origin",
    allowed.includes("*") && !cors.withCredentials ? "*" : origin,
  );
  response.setHeader("vary", "Origin");
  if (cors.withCredentials) response.setHeader("access-control-allow-credentials", "true");
  const wanted = request.headers["access-control-request-method"];
  if (request.method !== "OPTIONS" || wanted === undefined) return false;
  response.setHeader("access-control-allow-methods", wanted);
  const headers = request.headers["access-control-request-headers"];
  if (headers !== undefined) response.setHeader("access-control-allow-headers", headers);
  response.writeHead(204).end();
  return true;
}
