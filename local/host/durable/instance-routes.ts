/** Routes under `orchestrators` and `instances`. */
import { type Addresses, managementUrls } from "./client-binding.ts";
import type { Engine } from "./engine.ts";
import { isFinal } from "./history.ts";
import { type InstanceFilter, parseStatus } from "./instance-rows.ts";
import { purge, purgeBy, raiseEvent, restart, resume, startNew, suspend, terminate } from "./management.ts";
import { type DurableResponse, empty, json, RefusedError, requireJson, text } from "./responses.ts";
import { rewind } from "./rewind.ts";
import { statusCodeOf, toHistoryItems, toStatus } from "./status-json.ts";

export interface DurableRequest {
  readonly method: string;
  /** After the prefix, without a leading slash, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: string;
  /** Scheme, host and port under which the caller reached this host. */
  readonly origin: string;
}

export interface ApiContext {
  readonly engine: Engine;
  readonly addresses: Addresses;
}

const CONTINUATION_HEADER = "x-ms-continuation-token";
const DEFAULT_PAGE_SIZE = 100;

export async function createInstance(
  api: ApiContext,
  request: DurableRequest,
  name: string,
  id: string,
): Promise<DurableResponse> {
  const version = request.query.get("version");
  const started = startNew(api.engine, name, {
    input: request.body === "" ? null : requireJson(request.body),
    ...(id ? { id } : {}),
    ...(version ? { version } : {}),
  });
  const timeoutSeconds = Number(request.query.get("timeout") ?? 0);
  if (!(timeoutSeconds > 0)) return created(api, request, started);
  await api.engine.whenEnded(started, timeoutSeconds * 1000);
  const row = api.engine.store.instance(started);
  if (!row || !isFinal(row.status)) return created(api, request, started);
  const status = toStatus(row, { showInput: true });
  if (status.runtimeStatus === "Completed") return json(200, status.output);
  return json(status.runtimeStatus === "Failed" ? 500 : 200, status);
}

export async function getInstance(
  api: ApiContext,
  request: DurableRequest,
  id: string,
): Promise<DurableResponse> {
  const row = api.engine.store.instance(id);
  if (!row) return json(404, { Message: `No instance with ID '${id}' found.` });
  const options = statusOptions(request.query);
  const history = isOn(request.query, "showHistory", false)
    ? { historyEvents: toHistoryItems(api.engine.store.history(id), options) }
    : {};
  const status = statusCodeOf(row, isOn(request.query, "returnInternalServerErrorOnFailure", false));
  const { statusQueryGetUri } = urlsOf(api, request, id);
  const headers: Record<string, string> =
    status === 202 ? { location: statusQueryGetUri, "retry-after": "5" } : {};
  return json(status, { ...toStatus(row, options), ...history }, headers);
}

export async function listInstances(api: ApiContext, request: DurableRequest): Promise<DurableResponse> {
  const size = readCount(request.query.get("top")) || DEFAULT_PAGE_SIZE;
  const token = request.headers[CONTINUATION_HEADER];
  const after = token ? { after: Buffer.from(token, "base64url").toString() } : {};
  const rows = api.engine.store.list({ ...readFilter(request.query), ...after, limit: size + 1 });
  const page = rows.slice(0, size);
  const last = page.at(-1);
  const next = rows.length > size && last ? Buffer.from(last.id).toString("base64url") : "";
  const options = statusOptions(request.query);
  const body = page.map((row) => toStatus(row, options));
  return json(200, body, { [CONTINUATION_HEADER]: next });
}

export async function deleteInstances(
  api: ApiContext,
  request: DurableRequest,
  id: string,
): Promise<DurableResponse> {
  if (id !== "") return json(200, { instancesDeleted: purge(api.engine, id) });
  const filter = readFilter(request.query);
  if (filter.createdFrom === undefined) {
    throw new RefusedError(400, "Please provide value for 'createdTimeFrom' parameter.");
  }
  return json(200, { instancesDeleted: purgeBy(api.engine, filter) });
}

export async function postToInstance(
  api: ApiContext,
  request: DurableRequest,
  { id, operation, name }: { readonly id: string; readonly operation: string; readonly name: string },
): Promise<DurableResponse> {
  const { engine } = api;
  const reason = request.query.get("reason") ?? "";
  switch (operation) {
    case "raiseevent":
      if (name === "") return empty(404);
      requireJsonType(request);
      raiseEvent(engine, id, name, requireJson(request.body));
      return empty(202);
    case "terminate":
      terminate(engine, id, reason);
      return empty(202);
    case "suspend":
      suspend(engine, id, reason);
      return empty(202);
    case "resume":
      resume(engine, id, reason);
      return empty(202);
    case "rewind":
      if (!engine.instance(id)) return text(404, `No instance with ID '${id}' found.`);
      rewind(engine, id, reason);
      return empty(202);
    case "restart":
      return created(
        api,
        request,
        restart(engine, id, isOn(request.query, "restartWithNewInstanceId", true)),
      );
    default:
      return empty(404);
  }
}

function created(api: ApiContext, request: DurableRequest, id: string): DurableResponse {
  const { rewindPostUri: _, ...urls } = urlsOf(api, request, id);
  return json(202, { id, ...urls }, { location: urls.statusQueryGetUri, "retry-after": "10" });
}

/** Under the origin that the caller used, unless that was the app's own private address. */
function urlsOf({ engine, addresses }: ApiContext, request: DurableRequest, id: string) {
  const { baseUrl, rpcBaseUrl, code } = addresses;
  const isPrivate = request.origin === new URL(rpcBaseUrl).origin;
  const base = isPrivate ? baseUrl : baseUrl.replace(new URL(baseUrl).origin, request.origin);
  return managementUrls(base, encodeURIComponent(id), code, engine.config.hubName);
}

function statusOptions(query: URLSearchParams) {
  return {
    showInput: isOn(query, "showInput", true),
    showHistoryOutput: isOn(query, "showHistoryOutput", false),
  };
}

function isOn(query: URLSearchParams, name: string, otherwise: boolean): boolean {
  const value = query.get(name);
  return value === null || value === "" ? otherwise : value.toLowerCase() === "true";
}

/** @throws {RefusedError} 400 for a time or a status that cannot be read */
function readFilter(query: URLSearchParams): InstanceFilter {
  const from = readTime(query, "createdTimeFrom");
  const to = readTime(query, "createdTimeTo");
  const prefix = query.get("instanceIdPrefix");
  const statuses = (query.get("runtimeStatus") ?? "").split(",").filter((name) => name.trim() !== "");
  return {
    ...(from === undefined ? {} : { createdFrom: from }),
    ...(to === undefined ? {} : { createdTo: to }),
    ...(prefix ? { idPrefix: prefix } : {}),
    statuses: statuses.map((name) => {
      const status = parseStatus(name);
      if (status === undefined)
        throw new RefusedError(400, `runtimeStatus: '${name}' is not a runtime status.`);
      return status;
    }),
  };
}

/** A whole number that .NET reads as an `int`; 0 for anything else. */
function readCount(text: string | null): number {
  const count = Number(text);
  return Number.isInteger(count) && count > 0 && count < 2 ** 31 ? count : 0;
}

function readTime(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (!value) return undefined;
  const time = Date.parse(value);
  if (Number.isNaN(time))
    throw new RefusedError(400, `${name}: '${value}' is not a time, expected ISO 8601.`);
  return time;
}

function requireJsonType(request: DurableRequest): void {
  const type = request.headers["content-type"] ?? "";
  if (/^application\/([\w.-]+\+)?json\b/i.test(type)) return;
  throw new RefusedError(400, `Only application/json is supported, but the content type is '${type}'.`);
}
