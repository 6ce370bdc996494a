/** Routes under `entities`. */

import { readEntityRecord } from "./entities.ts";
import { sendToEntity } from "./entity-delivery.ts";
import { type EntityMessage, entityAddress, entityId } from "./entity-messages.ts";
import { LOG_CATEGORY, newId } from "./ids.ts";
import type { ApiContext, ApiRequest } from "./instance-routes.ts";
import { badCharacter } from "./management.ts";
import { cutPage, pageSize, readToken } from "./paging.ts";
import { type DurableResponse, empty, json, RefusedError, requireJson } from "./responses.ts";
import { parsed } from "./status-json.ts";

export async function getEntity({ engine }: ApiContext, name: string, key: string): Promise<DurableResponse> {
  // the key `$` stands for the empty one, but only here: a signal to `$` reaches an entity of that key
  const row = engine.store.instance(entityId(name, key === "$" ? "" : key));
  const record = row && readEntityRecord(row.input);
  if (!record?.exists) return empty(404);
  return { ...json(200, null), body: record.state ?? "null" };
}

export async function listEntities(
  { engine }: ApiContext,
  request: ApiRequest,
  name: string,
): Promise<DurableResponse> {
  const { query } = request;
  const hasState = query.flag("fetchState", false);
  const from = query.time("lastOperationTimeFrom") ?? Number.NEGATIVE_INFINITY;
  const to = query.time("lastOperationTimeTo") ?? Number.POSITIVE_INFINITY;
  const found = engine.store
    .list({ idPrefix: name === "" ? "@" : entityId(name, ""), ...readToken(request.headers) })
    .filter((row) => row.updatedAt >= from && row.updatedAt <= to)
    .map((row) => ({ row, record: readEntityRecord(row.input) }))
    .filter(({ record }) => record.exists);
  const { page, headers } = cutPage(found, pageSize(query), ({ row }) => row.id);
  const body = page.map(({ row, record }) => ({
    entityId: entityAddress(row.id),
    lastOperationTime: new Date(row.updatedAt).toISOString(),
    ...(hasState ? { state: parsed(record.state ?? null) } : {}),
  }));
  return json(200, body, headers);
}

export async function signalEntity(
  api: ApiContext,
  request: ApiRequest,
  name: string,
  key: string,
): Promise<DurableResponse> {
  return signal(api, name, key, request.query.text("op") ?? "", operationInput(request));
}

/** JSON when the request says so, else the body as a text. */
function operationInput({ body, headers }: ApiRequest): string | undefined {
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
    );
  }
  const bad = badCharacter(key);
  if (bad !== undefined) {
    throw new RefusedError(
      400,
      `Entity key '${key}' contains ${JSON.stringify(bad)}, expected none of / \\ # ? or control characters.`,
    );
  }
  if (key === "$") {
    const line =
      "An entity of the key '$' is signalled, but reading '$' reads the one of the empty key, here as on Azure.";
    engine.log("warning", LOG_CATEGORY, line);
  }
  const message: EntityMessage = { op, signal: true, id: newId(), ...(input === undefined ? {} : { input }) };
  sendToEntity(engine, entityId(name, key), "op", JSON.stringify(message));
  return empty(202);
}
