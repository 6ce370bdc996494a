import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Faults } from "../faults/faults.ts";
import { refusalOf } from "../faults/refusals.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { armError } from "./arm-error.ts";
import { type Listener, listen } from "./listener.ts";
import { RefusedRequestError, readRequest } from "./request.ts";

export interface FrontOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: { key: string; cert: string };
  /** Asked in order; the first that answers has the request. Read anew at each request, so services may be added. */
  readonly services: readonly Service[];
  /** Requests wait for it; absent: there are all services. */
  readonly whenReady?: Promise<void>;
  /** What `/_stats` shows beside the services' own counts. */
  readonly moreStats?: () => Record<string, number>;
  readonly maxBodyBytes?: number;
  /** What goes wrong on demand. The stand-in's own paths, which begin with `/_`, are spared. */
  readonly faults?: Faults;
  readonly log?: (level: "info" | "error", message: string) => void;
}

export interface Front {
  readonly port: number;
  /** The counts of all services, equal names added. */
  stats(): Record<string, number>;
  /** Lets requests under way finish for two seconds, then cuts them off. Does not stop the services. */
  stop(): Promise<void>;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;
const FINISH_WITHIN_MS = 2_000;

/** Serves all simulated HTTP services on one loopback port, plain and TLS. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();

  function stats(): Record<string, number> {
    const all = [...options.services.map((service) => service.stats?.() ?? {}), options.moreStats?.() ?? {}];
    return addUp(all);
  }

  async function answer(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const proceed = () => ask(request);
    if (!options.faults || request.path.startsWith("/_")) return proceed();
    return options.faults.around({
      service: "azure",
      method: request.method,
      path: () => `/${request.segments.join("/")}`,
      signal: () => request.signal,
      proceed,
      refuse: (status) => refusalOf(request.path, status),
    });
  }

  async function ask(request: ServiceRequest): Promise<ServiceAnswer> {
    if (request.path === "/_stats" && request.method === "GET") return { status: 200, body: stats() };
    await options.whenReady;
    for (const service of options.services) {
      const answered = await service.handle(request);
      if (answered) return answered;
    }
    return armError(404, "NotFound", `No simulated service answers ${request.method} ${request.path}.`);
  }

  async function serve(scheme: "http" | "https", message: IncomingMessage, response: ServerResponse) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    const requestId = randomUUID();
    let answered: ServiceAnswer | undefined;
    try {
      const maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
      answered = await answer(await readRequest(message, { scheme, maxBodyBytes, signal }));
    } catch (error) {
      if (gone.signal.aborted) return;
      answered = failure(error, requestId);
      if (answered.status === 500)
        options.log?.("error", `${message.method} ${message.url}: ${String(error)}`);
    }
    if (!answered) return void response.destroy();
    if (!message.complete) response.setHeader("connection", "close");
    if (stopping.signal.aborted || !listening) response.setHeader("connection", "close");
    response.setHeader("x-ms-request-id", requestId);
    send(message, response, answered);
  }

  const onRequest = (scheme: "http" | "https") => (message: IncomingMessage, response: ServerResponse) => {
    const served = serve(scheme, message, response)
      .catch((error) => {
        // An answer that cannot be sent, e.g. a header with a line break: this connection ends, the server goes on.
        options.log?.("error", `${message.method} ${message.url}: ${String(error)}`);
        response.destroy();
      })
      .finally(() => underWay.delete(served));
    underWay.add(served);
  };
  let listening = true;
  const listener: Listener = await listen(options.port, options.tls, onRequest);

  return {
    port: listener.port,
    stats,
    async stop() {
      listening = false;
      const closed = listener.close();
      await Promise.race([Promise.allSettled(underWay), delay(FINISH_WITHIN_MS, undefined, { ref: false })]);
      stopping.abort();
      listener.closeSockets();
      await closed;
    },
  };
}

function failure(error: unknown, requestId: string): ServiceAnswer {
  if (error instanceof RefusedRequestError) return armError(error.status, error.code, error.message);
  return armError(
    500,
    "InternalServerError",
    `The simulated service failed on this request (${requestId}): ${error instanceof Error ? error.message : String(error)}`,
  );
}

function send(
  message: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: ServiceAnswer,
): void {
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  const isRaw = typeof body === "string" || body instanceof Uint8Array;
  if (!isRaw && body !== undefined && !response.hasHeader("content-type")) {
    response.setHeader("content-type", "application/json; charset=utf-8");
  }
  response.statusCode = status;
  if (message.method === "HEAD" || body === undefined) response.end();
  else response.end(isRaw ? body : JSON.stringify(body));
}

function addUp(counts: readonly Record<string, number>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [name, count] of counts.flatMap(Object.entries)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
