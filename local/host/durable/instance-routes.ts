/** Routes under `orchestrators` and `instances`. */
import { type Addresses, managementUrls } from "./client-binding.ts";
import type { Engine } from "./engine.ts";
import { isFinal, Status } from "./history.ts";
import type { InstanceFilter } from "./instance-rows.ts";
import { purge, purgeBy, raiseEvent, restart, resume, startNew, suspend, terminate } from "./management.ts";
import { cutPage, pageSize, readToken } from "./paging.ts";
import type { Query } from "./query.ts";
import {
  BAD_ARGUMENT,
  type DurableResponse,
  empty,
  json,
  RefusedError,
  requireJson,
  text,
} from "./responses.ts";
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
  /** The whole of it, as the caller wrote it. */
  readonly url: string;
}

export interface ApiRequest extends Omit<DurableRequest, "query"> {
  readonly query: Query;
}

export interface ApiContext {
  readonly engine: Engine;
  readonly addresses: Addresses;
}

export async function createInstance(
  api: ApiContext,
  request: ApiRequest,
  name: string,
  id: string,
): Promise<DurableResponse> {
  const version = request.query.text("version");
  const started = startNew(api.engine, name, {
    input: request.body === "" ? null : requireJson(request.body),
    ...(id ? { id } : {}),
    ...(version ? { version } : {}),
  });
  return createdOrEnded(api, request, started);
}

/** Waits for the end when timeout and pollingInterval ask for it; the instance has been started either way. */
async function createdOrEnded(api: ApiContext, request: ApiRequest, id: string): Promise<DurableResponse> {
  const timeout = request.query.seconds("timeout");
  const interval = request.query.seconds("pollingInterval");
  if (timeout === undefined || interval === undefined) return created(api, request, id);
  if (interval > timeout) {
    throw new RefusedError(
      400,
      `Total timeout ${timeout} should be bigger than retry timeout ${interval}`,
      BAD_ARGUMENT,
    );
  }
  await api.engine.whenEnded(id, timeout * 1000);
  const row = api.engine.store.instance(id);
  if (!row || !isFinal(row.status)) return created(api, request, id);
  const status = toStatus(row, { showInput: request.query.flag("showInput", true) });
  return json(200, status.runtimeStatus === "Completed" ? status.output : status);
}

export async function getInstance(
  api: ApiContext,
  request: ApiRequest,
  id: string,
): Promise<DurableResponse> {
  const row = api.engine.store.instance(id);
  if (!row) return empty(404);
  const options = statusOptions(request.query);
  const history =
    request.query.flag("showHistory", false) && row.status !== Status.Pending
      ? {
          historyEvents: toHistoryItems(api.engine.store.history(id), {
            ...options,
            hasTaskInputs: api.engine.config.storeInputsInOrchestrationHistory,
          }),
        }
      : {};
  const status = statusCodeOf(row, request.query.flag("returnInternalServerErrorOnFailure", false));
  const headers: Record<string, string> = status === 202 ? { location: request.url, "retry-after": "5" } : {};
  return json(status, { ...toStatus(row, options), ...history }, headers);
}

export async function listInstances(api: ApiContext, request: ApiRequest): Promise<DurableResponse> {
  const size = pageSize(request.query);
  const filter = { ...readFilter(request.query), ...readToken(request.headers), limit: size + 1 };
  const { page, headers } = cutPage(api.engine.store.list(filter), size, ({ id }) => id);
  const options = statusOptions(request.query);
  return json(
    200,
    page.map((row) => toStatus(row, options)),
    headers,
  );
}

export async function deleteInstances(
  api: ApiContext,
  request: ApiRequest,
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
  request: ApiRequest,
  { id, operation, name }: { readonly id: string; readonly operation: string; readonly name: string },
): Promise<DurableResponse> {
  const { engine } = api;
  const reason = request.query.text("reason") ?? "";
  switch (operation) {
    case "raiseevent":
      if (name === "") return empty(404);
      raiseEvent(engine, id, name, () => {
        requireJsonType(request);
        return requireJson(request.body);
      });
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
      return createdOrEnded(
        api,
        request,
        restart(engine, id, request.query.flag("restartWithNewInstanceId", true)),
      );
    default:
      return empty(404);
  }
}

function created(api: ApiContext, request: ApiRequest, id: string): DurableResponse {
  const { rewindPostUri: _, ...urls } = urlsOf(api, request, id);
  return json(202, { id, ...urls }, { location: urls.statusQueryGetUri, "retry-after": "10" });
}

/** Under the origin that the caller used, unless that was the app's own private address. */
function urlsOf({ engine, addresses }: ApiContext, request: ApiRequest, id: string) {
  const { baseUrl, rpcBaseUrl, code } = addresses;
  const { origin } = new URL(request.url);
  const isPrivate = origin === new URL(rpcBaseUrl).origin;
  const base = isPrivate ? baseUrl : baseUrl.replace(new URL(baseUrl).origin, origin);
  return managementUrls(base, encodeURIComponent(id), code, engine.config.hubName);
}

function statusOptions(query: Query) {
  return {
    showInput: query.flag("showInput", true),
    showHistoryOutput: query.flag("showHistoryOutput", false),
  };
}

function readFilter(query: Query): InstanceFilter {
  const from = query.time("createdTimeFrom");
  const to = query.time("createdTimeTo");
  const prefix = query.text("instanceIdPrefix");
  return {
    ...(from === undefined ? {} : { createdFrom: from }),
    ...(to === undefined ? {} : { createdTo: to }),
    ...(prefix ? { idPrefix: prefix } : {}),
    statuses: query.statuses("runtimeStatus"),
  };
}

function requireJsonType(request: ApiRequest): void {
  const type = request.headers["content-type"] ?? "";
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new RefusedError(400, `Only application/json is supported, but the content type is '${type}'.`);
}
