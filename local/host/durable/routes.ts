/** The durable HTTP API: finds the operation by method and path, and turns refusals into their status. */

import { deleteEntity, getEntity, listEntities, signalEntity } from "./entity-routes.ts";
import type { ApiContext, ApiRequest, DurableRequest } from "./instance-routes.ts";
import {
  createInstance,
  deleteInstances,
  getInstance,
  listInstances,
  postToInstance,
} from "./instance-routes.ts";
import { Query } from "./query.ts";
import { type DurableResponse, empty, json, RefusedError, text, WENT_WRONG } from "./responses.ts";

/** Never rejects: whatever goes wrong is an answer. */
export async function handleRequest(api: ApiContext, request: DurableRequest): Promise<DurableResponse> {
  try {
    const query = new Query(request.query, api.engine.log);
    requireOwnHub(api, query);
    const response = await route(api, { ...request, query });
    await api.engine.store.committed();
    return response;
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): DurableResponse {
  const message = error instanceof Error ? error.message : String(error);
  const { status, summary } =
    error instanceof RefusedError ? error : new RefusedError(500, message, WENT_WRONG);
  // the client prints the body of a refused rewind as it is
  if (status === 412) return text(status, message);
  if (status === 404 || status === 410) return empty(status);
  return json(status, summary ? { Message: summary, ExceptionMessage: message } : { Message: message });
}

/** On Azure another hub is another set of tables; here there is this one. */
function requireOwnHub({ engine }: ApiContext, query: Query): void {
  const asked = query.text("taskHub");
  const { hubName } = engine.config;
  if (!asked || asked.toLowerCase() === hubName.toLowerCase()) return;
  throw new RefusedError(500, `taskHub is '${asked}', but this host serves '${hubName}' alone.`, WENT_WRONG);
}

async function route(api: ApiContext, request: ApiRequest): Promise<DurableResponse> {
  const parts = request.path.split("/").map(decode);
  const [collection = "", first = "", second = "", third = ""] = parts;
  const rest = parts.slice(2).join("/");
  switch (`${request.method.toUpperCase()} ${collection.toLowerCase()}`) {
    case "POST orchestrators":
      return first === "" ? empty(404) : createInstance(api, request, first, rest);
    case "GET instances":
      if (second !== "") return empty(404);
      return first === "" ? listInstances(api, request) : getInstance(api, request, first);
    case "DELETE instances":
      return second === "" ? deleteInstances(api, request, first) : empty(404);
    case "POST instances":
      return postToInstance(api, request, { id: first, operation: second.toLowerCase(), name: third });
    case "GET entities":
      return rest === "" ? listEntities(api, request, first) : getEntity(api, first, rest);
    case "POST entities":
      return signalEntity(api, request, first, rest);
    case "DELETE entities":
      return deleteEntity(api, first, rest);
    default:
      return empty(404);
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RefusedError(400, `The path part '${part}' is not valid percent-encoding.`);
  }
}
