/** Routes under `entities`. */

import { readEntityRecord } from "./entities.ts";
import { sendToEntity } from "./entity-delivery.ts";
import { type EntityMessage, entityAddress, entityId } from "./entity-messages.ts";
import { newId } from "./ids.ts";
import type { ApiContext, DurableRequest } from "./instance-routes.ts";
import { BAD_ARGUMENT, type DurableResponse, empty, json, RefusedError, requireJson } from "./responses.ts";
import { parsed } from "./status-json.ts";

/** The key `$` stands for the empty one. */
const keyOf = (key: string) => (key === "$" ? "" : key);

export async function getEntity({ engine }: ApiContext, name: string, key: string): Promise<DurableResponse> {
  const row = engine.store.instance(entityId(name, keyOf(key)));
  const record = row && readEntityRecord(row.input);
  if (!record?.exists) return empty(404);
  return { ...json(200, null), body: record.state ?? "null" };
}

export async function listEntities(
  { engine }: ApiContext,
  request: DurableRequest,
  name: string,
): Promise<DurableResponse> {
  const top = Number(request.query.get("top") ?? 0);
  const hasState = request.query.get("fetchState")?.toLowerCase() === "true";
  const from = Date.parse(request.query.get("lastOperationTimeFrom") ?? "");
  const to = Date.parse(request.query.get("lastOperationTimeTo") ?? "");
  const found = engine.store
    .list({ idPrefix: name === "" ? "@" : entityId(name, "") })
    .filter((row) => !(row.updatedAt < from) && !(row.updatedAt > to))
    .map((row) => ({ row, record: readEntityRecord(row.input) }))
    .filter(({ record }) => record.exists)
    .map(({ row, record }) => ({
      entityId: entityAddress(row.id),
      lastOperationTime: new Date(row.updatedAt).toISOString(),
      ...(hasState ? { state: parsed(record.state ?? null) } : {}),
    }));
  return json(200, top > 0 ? found.slice(0, top) : found);
}

export async function signalEntity(
  api: ApiContext,
  request: DurableRequest,
  name: string,
  key: string,
): Promise<DurableResponse> {
  return signal(api, name, key, request.query.get("op") ?? "", operationInput(request));
}

/** JSON when the request says so, else the body as a text. */
function operationInput({ body, headers }: DurableRequest): string | undefined {
  if (body === "") return undefined;
  const isJson = /^application\/json\b/i.test(headers["content-type"] ?? "");
  return isJson ? requireJson(body) : JSON.stringify(body);
}

export async function deleteEntity(api: ApiContext, name: string, key: string): Promise<DurableResponse> {
  return signal(api, name, key, "delete", undefined);
}

function signal(
  { engine }: ApiContext,
  name: string,
  key: string,
  op: string,
  input?: string,
): DurableResponse {
  if (!engine.functionOf("entityTrigger", name)) {
    throw new RefusedError(
      400,
      `The function '${name}' doesn't exist, is disabled, or is not an entity function.`,
      BAD_ARGUMENT,
    );
  }
  const message: EntityMessage = { op, signal: true, id: newId(), ...(input === undefined ? {} : { input }) };
  sendToEntity(engine, entityId(name, keyOf(key)), "op", JSON.stringify(message));
  return empty(202);
}
