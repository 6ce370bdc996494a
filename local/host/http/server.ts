import type { IncomingMessage, ServerResponse } from "node:http";
import type { HostLog } from "../contract.ts";
import { messageOf } from "../errors.ts";
import { handleAdmin } from "./admin.ts";
import { type Answer, html } from "./answer.ts";
import { applyCors, type Cors } from "./cors.ts";
import { handleEventGrid } from "./event-grid.ts";
import { keyOf } from "./keys.ts";
import { absoluteUrl, BodyTooLargeError, flatHeaders, readBody, toRpcHttp } from "./request.ts";
import { writeFunctionResponse } from "./response.ts";
import type { RouteMatch } from "./routes.ts";
import type { HostState } from "./state.ts";
import { forwardStream } from "./stream.ts";
import { splitPath } from "./template.ts";

const HOME_PAGE =
  "<!DOCTYPE html><html><head><title>Functions host</title></head><body><h1>Your app is up and running.</h1></body></html>";
const WEBHOOKS = "/runtime/webhooks/";

export interface HttpSurface {
  readonly cors: Cors | undefined;
  readonly log: HostLog;
  /** `undefined` until the app has been loaded: the host answers 503. */
  state: HostState | undefined;
}

/** One request, from the door to the answer. Never throws: what goes wrong is a status and a line in the log. */
export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  surface: HttpSurface,
): Promise<void> {
  try {
    await dispatch(request, response, surface);
  } catch (error) {
    const isTooLarge = error instanceof BodyTooLargeError;
    if (!isTooLarge)
      surface.log("error", "Host.Http", `${request.method} ${request.url}: ${messageOf(error)}`);
    if (isTooLarge) response.setHeader("connection", "close");
    if (!response.headersSent) response.writeHead(isTooLarge ? 413 : 500);
    response.end();
  }
}

async function dispatch(
  request: IncomingMessage,
  response: ServerResponse,
  surface: HttpSurface,
): Promise<void> {
  if (applyCors(request, response, surface.cors)) return;
  if (!URL.canParse(absoluteUrlText(request))) return send(response, { status: 400 });
  const url = absoluteUrl(request);
  const host = surface.state;
  if (!host) return send(response, { status: 503 });
  const path = url.pathname.toLowerCase();
  const isAdmin = path === "/admin" || path.startsWith("/admin/");
  const { offlinePage } = host.availability;
  if (!isAdmin && offlinePage !== undefined) return send(response, html(503, offlinePage));
  for (const [name, value] of Object.entries(host.customHeaders)) response.setHeader(name, value);
  if (path === "/" && !host.table.match(request.method ?? "GET", "/")) return send(response, homePage());
  if (isAdmin) return send(response, await admin(request, url, host));
  await throttled(response, host, async () => {
    if (path.startsWith(WEBHOOKS)) send(response, await webhook(request, url, host));
    else await callFunction(request, response, url, host);
  });
}

const inFlight = new WeakMap<HostState, number>();

/** Refuses what is too much; those in line keep their place among the outstanding ones. */
async function throttled(response: ServerResponse, host: HostState, run: () => Promise<void>): Promise<void> {
  const outstanding = inFlight.get(host) ?? 0;
  const limit = host.maxOutstandingRequests;
  if (limit >= 0 && outstanding >= limit) {
    host.log("information", "Host.Http", `Http request queue limit of ${limit} has been exceeded.`);
    // the real host adds custom headers further inside
    for (const name of Object.keys(host.customHeaders)) response.removeHeader(name);
    return send(response, { status: 429, headers: { "x-function-scaleout": "1" } });
  }
  inFlight.set(host, outstanding + 1);
  try {
    await new Promise<void>((resolve, reject) => {
      host.requestGate.enter(() => run().then(resolve, reject));
    });
  } finally {
    inFlight.set(host, (inFlight.get(host) ?? 1) - 1);
  }
}

function absoluteUrlText(request: IncomingMessage): string {
  return `http://${request.headers.host ?? "localhost"}${request.url?.startsWith("/") ? request.url : "/"}`;
}

function homePage(): Answer {
  const isOff = process.env.AzureWebJobsDisableHomepage?.toLowerCase() === "true";
  return isOff ? { status: 204 } : html(200, HOME_PAGE);
}

async function admin(request: IncomingMessage, url: URL, host: HostState): Promise<Answer> {
  const method = request.method ?? "GET";
  const path = splitPath(url.pathname.slice("/admin".length));
  if (!path) return { status: 404 };
  if (path.join("/").toLowerCase() === "host/ping" && (method === "GET" || method === "POST"))
    return { status: 200 };
  if (host.isKeyRequired && !host.keys.isMaster(keyOf(request, url))) return { status: 401 };
  const body = (await readBody(request)).toString("utf8");
  const contentType = request.headers["content-type"] ?? "";
  return handleAdmin({ method, path, body, contentType, origin: url.origin }, host);
}

const WEBHOOK_METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS"];

async function webhook(request: IncomingMessage, url: URL, host: HostState): Promise<Answer> {
  const method = request.method ?? "GET";
  const [extension = ""] = url.pathname.slice(WEBHOOKS.length).split("/");
  const name = extension.toLowerCase();
  const durable = name === "durabletask" ? host.durable : undefined;
  if (!WEBHOOK_METHODS.includes(method) || (name !== "eventgrid" && !durable)) return { status: 404 };
  if (host.isKeyRequired && !host.keys.allowsWebhook(keyOf(request, url), name)) return { status: 401 };
  const body = (await readBody(request)).toString("utf8");
  const headers = flatHeaders(request);
  if (durable) {
    const path = url.pathname.slice(WEBHOOKS.length + extension.length + 1);
    return durable.handle({
      method,
      path,
      query: url.searchParams,
      headers,
      body,
      url: url.href,
    });
  }
  return handleEventGrid({ method, query: url.searchParams, headers, body }, host.worker, (each) =>
    host.disabled.has(each),
  );
}

async function callFunction(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  host: HostState,
): Promise<void> {
  const match = host.table.match(request.method ?? "GET", url.pathname);
  if (!match) return send(response, { status: 404 });
  const { route } = match;
  const key = keyOf(request, url);
  // only the master key runs a disabled function
  if (host.disabled.has(route.function.name) && !(host.isKeyRequired && host.keys.isMaster(key))) {
    return send(response, { status: 404 });
  }
  if (host.isKeyRequired && !host.keys.allowsFunction(key, route.function.name, route.authLevel)) {
    return send(response, { status: 401 });
  }
  await answerByFunction(request, response, url, match, host);
}

async function answerByFunction(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  match: RouteMatch,
  host: HostState,
): Promise<void> {
  if (host.streamUri) return forwardStream(request, response, url, match, host.streamUri, host);
  const body = await readBody(request);
  if (body.length > 0 && request.headers["content-length"] === undefined) {
    const words =
      "The body came in chunks, without Content-Length: Azure drops it, and hands the function none";
    host.log(
      "warning",
      "Host.Http",
      `${request.method} ${url.pathname}: ${words}, unless the app streams HTTP.`,
    );
  }
  const traceParent = request.headers.traceparent;
  const outcome = await host.worker.invoke({
    functionName: match.route.function.name,
    reason: "This function was called via the host's HTTP surface.",
    triggerData: toRpcHttp(request, url, match.params, body),
    ...(typeof traceParent === "string" && { traceParent }),
  });
  if (outcome.succeeded) writeFunctionResponse(response, outcome.returnValue);
  else send(response, { status: 500 });
}

export function send(response: ServerResponse, answer: Answer): void {
  const body = answer.body ?? "";
  const hasBody = answer.status !== 204 && answer.status !== 304;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(hasBody && { "content-length": Buffer.byteLength(body) }),
  });
  response.end(hasBody ? body : undefined);
}
