import { randomUUID } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import type { Faults } from "../faults/faults.ts";
import { StorageError } from "./errors.ts";
import type { Grant, StorageAnswer, StorageRequest, StorageService } from "./http.ts";
import { authorizeSharedAccess } from "./shared-access.ts";
import { type Account, authenticate } from "./shared-key.ts";

const HOST = "127.0.0.1";
/** One request's body is held in memory; the clients send larger blobs in blocks. */
const LARGEST_BODY_BYTES = 300 * 1024 * 1024;
const ECHOED_VERSION = "2019-02-02";

export type StorageLog = (message: string) => void;

export interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves one storage service on the loopback interface.
 *
 * @param port - 0 for a free one
 * @throws {Error} that names the port, when it is in use
 */
export async function serve(
  service: StorageService,
  account: Account,
  port: number,
  clock: Clock,
  log: StorageLog,
  faults?: Faults,
): Promise<Server> {
  return listen(service.name, port, (incoming, outgoing) => {
    answer(service, account, incoming, clock, log, faults && { faults, outgoing }).then(
      (result) => (result ? send(incoming, outgoing, result) : outgoing.destroy()),
      (error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined),
    );
  });
}

/** Listens on the port of a service that is left out, and says so to every caller. */
export async function serveNothing(name: string, port: number): Promise<Server> {
  return listen(name, port, (incoming, outgoing) => {
    incoming.resume();
    const code = "NotImplemented";
    const message = `The ${name} service is not simulated by the local storage service; only blobs and tables are.`;
    const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    send(incoming, outgoing, {
      status: 501,
      headers: { "Content-Type": "application/xml", "x-ms-error-code": code },
      body,
    });
  });
}

async function listen(name: string, port: number, handler: http.RequestListener): Promise<Server> {
  const server = http.createServer({ keepAliveTimeout: 60_000 }, handler);
  const listening = Promise.withResolvers<void>();
  server.once("error", (error: NodeJS.ErrnoException) => {
    const isTaken = error.code === "EADDRINUSE";
    const why = isTaken
      ? "is in use: stop what listens there, or choose another port"
      : `failed: ${error.message}`;
    listening.reject(new Error(`Port ${port} of the local ${name} storage ${why}.`, { cause: error }));
  });
  server.listen(port, HOST, () => listening.resolve());
  await listening.promise;
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  service: StorageService,
  account: Account,
  incoming: http.IncomingMessage,
  clock: Clock,
  log: StorageLog,
  faulty?: { faults: Faults; outgoing: http.ServerResponse },
): Promise<StorageAnswer | undefined> {
  try {
    const received = readTarget(incoming, account.name, await readBody(incoming));
    const grant = authorize(received, service.name, account, clock.now());
    const request = grant ? { ...received, grant } : received;
    const proceed = () => service.handle(request);
    if (!faulty) return await proceed();
    return await faulty.faults.around({
      service: service.name === "blob" ? "blobs" : "tables",
      method: request.method,
      path: () => `/${request.path}`,
      signal: () => closed(faulty.outgoing),
      proceed,
      refuse: (status) => describe(service, status === 503 ? BUSY : FAILED),
    });
  } catch (error) {
    return describe(service, toRefusal(error) ?? internalError(service.name, incoming, error, log));
  }
}

/** By the key in the header or, without one, by the signature in the address. */
function authorize(
  request: StorageRequest,
  service: StorageService["name"],
  account: Account,
  now: number,
): Grant | undefined {
  const isShared = request.headers.authorization === undefined && request.query.has("sig");
  if (isShared) return authorizeSharedAccess(request, service, account, now);
  authenticate(request, service, account);
  return undefined;
}

/** What the service itself answers under load, and when it fails. */
const BUSY = new StorageError(503, "ServerBusy", "The server is busy.");
const FAILED = new StorageError(
  500,
  "InternalError",
  "Server encountered an internal error. Please try again after some time.",
);

function describe(service: StorageService, { status, code, message }: StorageError): StorageAnswer {
  return { status, ...service.describeError(code, message) };
}

function closed(outgoing: http.ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (outgoing.closed) gone.abort();
  else outgoing.once("close", () => gone.abort());
  return gone.signal;
}

function toRefusal(error: unknown): StorageError | undefined {
  if (error instanceof StorageError) return error;
  // `decodeURIComponent` throws it, wherever a path or a query is read.
  const isEncoding = error instanceof URIError;
  return isEncoding
    ? new StorageError(400, "InvalidUri", "The address is not valid percent-encoding.")
    : undefined;
}

function internalError(
  name: string,
  incoming: http.IncomingMessage,
  error: unknown,
  log: StorageLog,
): StorageError {
  // A caller that went away in the middle is nobody's fault.
  if (incoming.socket.destroyed)
    return new StorageError(400, "RequestCanceled", "The caller closed the connection.");
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log(`${name} storage: ${incoming.method} ${incoming.url?.split("?")[0]} failed: ${detail}`);
  return new StorageError(500, "InternalError", "The local storage service failed; its log says why.");
}

async function readBody(incoming: http.IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size <= LARGEST_BODY_BYTES) chunks.push(chunk);
  }
  if (size > LARGEST_BODY_BYTES) {
    const message = `The body has ${size} bytes, expected at most ${LARGEST_BODY_BYTES}; send a larger blob in blocks.`;
    throw new StorageError(413, "RequestBodyTooLarge", message);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function readTarget(incoming: http.IncomingMessage, account: string, body: Uint8Array): StorageRequest {
  const [rawPath = "", ...rest] = (incoming.url ?? "/").split("?");
  const rawQuery = rest.join("?");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    method: incoming.method ?? "GET",
    rawPath,
    path: pathBelowAccount(rawPath, account),
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers,
    metadata: metadataOf(incoming.rawHeaders, headers),
    body,
    accountUrl: `http://${headers.host ?? HOST}/${account}`,
    from: incoming.socket.remoteAddress ?? HOST,
  };
}

const METADATA_PREFIX = "x-ms-meta-";

/** Node tells the names of headers in lower case everywhere but in the raw ones. */
function metadataOf(
  rawHeaders: readonly string[],
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  const metadata: Record<string, string> = {};
  // Most requests have none, and tables thousands of requests a second.
  for (const key in headers) {
    const value = key.startsWith(METADATA_PREFIX) ? headers[key] : undefined;
    if (value === undefined) continue;
    const written = rawHeaders.find((name) => name.toLowerCase() === key) ?? key;
    metadata[written.slice(METADATA_PREFIX.length)] = value;
  }
  return metadata;
}

function pathBelowAccount(rawPath: string, account: string): string {
  const [, name, ...below] = decodeURIComponent(rawPath).split("/");
  if (name !== account) {
    const message = `The address is of account '${name}', expected '/${account}/…'.`;
    throw new StorageError(404, "ResourceNotFound", message);
  }
  return below.join("/").replace(/^\/+/, "");
}

function send(incoming: http.IncomingMessage, outgoing: http.ServerResponse, result: StorageAnswer): void {
  const body = result.body === undefined ? undefined : Buffer.from(result.body);
  outgoing.writeHead(result.status, {
    Server: "Outerloop-Local-Storage/1.0",
    "x-ms-request-id": randomUUID(),
    "x-ms-version": incoming.headers["x-ms-version"] ?? ECHOED_VERSION,
    ...clientRequestId(incoming),
    ...(body === undefined && result.status !== 204 && incoming.method !== "HEAD"
      ? { "Content-Length": "0" }
      : {}),
    ...(body === undefined ? {} : { "Content-Length": String(body.byteLength) }),
    ...result.headers,
  });
  outgoing.end(incoming.method === "HEAD" ? undefined : body);
}

function clientRequestId(incoming: http.IncomingMessage): Record<string, string> {
  const id = incoming.headers["x-ms-client-request-id"];
  return typeof id === "string" ? { "x-ms-client-request-id": id } : {};
}
