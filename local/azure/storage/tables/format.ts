import type { StorageRequest } from "../http.ts";
import type { EdmValue } from "./edm.ts";
import { type Entity, etagOf } from "./entity.ts";

/** How much of the OData description an answer carries. */
export type MetadataLevel = "nometadata" | "minimalmetadata" | "fullmetadata";

/** From `$format` or else the Accept header. */
export function metadataLevel(request: Pick<StorageRequest, "query" | "headers">): MetadataLevel {
  const asked = request.query.get("$format") ?? request.headers.accept ?? "";
  if (asked.includes("nometadata")) return "nometadata";
  return asked.includes("fullmetadata") ? "fullmetadata" : "minimalmetadata";
}

export function contentType(level: MetadataLevel): string {
  return `application/json;odata=${level};streaming=true;charset=utf-8`;
}

/** Address of one row below the account's, keys quoted and encoded. */
export function entityPath(table: string, entity: Pick<Entity, "partitionKey" | "rowKey">): string {
  const quote = (key: string) => encodeURIComponent(key.replaceAll("'", "''"));
  return `${table}(PartitionKey='${quote(entity.partitionKey)}',RowKey='${quote(entity.rowKey)}')`;
}

export interface EntityView {
  readonly level: MetadataLevel;
  /** Properties to answer; `undefined` for all. */
  readonly select: readonly string[] | undefined;
  readonly table: string;
  readonly accountUrl: string;
}

/** `$select` as a list. */
export function readSelect(query: URLSearchParams): string[] | undefined {
  const names = (query.get("$select") ?? "").split(",").map((name) => name.trim());
  const wanted = names.filter((name) => name !== "");
  return wanted.length === 0 || wanted.includes("*") ? undefined : wanted;
}

/** One row as the JSON object that goes on the wire. */
export function toJson(entity: Entity, view: EntityView): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  if (view.level === "fullmetadata") {
    json["odata.type"] = `${new URL(view.accountUrl).pathname.slice(1)}.${view.table}`;
    json["odata.id"] = `${view.accountUrl}/${entityPath(view.table, entity)}`;
    json["odata.editLink"] = entityPath(view.table, entity);
  }
  if (view.level !== "nometadata") json["odata.etag"] = etagOf(entity);
  const isWanted = (name: string) => view.select === undefined || view.select.includes(name);
  if (isWanted("PartitionKey")) json.PartitionKey = entity.partitionKey;
  if (isWanted("RowKey")) json.RowKey = entity.rowKey;
  if (isWanted("Timestamp")) {
    if (view.level === "fullmetadata") json["Timestamp@odata.type"] = "Edm.DateTime";
    json.Timestamp = entity.timestamp;
  }
  for (const [name, edm] of Object.entries(entity.properties)) {
    if (!isWanted(name)) continue;
    if (view.level !== "nometadata" && !isPlainJson(edm)) json[`${name}@odata.type`] = edm.type;
    json[name] = edm.type === "Edm.DateTime" ? trimFraction(String(edm.value)) : edm.value;
  }
  return json;
}

/** Whether JSON alone tells the type. A whole Double does not: it would be read back as an Int32. */
function isPlainJson({ type, value }: EdmValue): boolean {
  if (type === "Edm.Double") return typeof value === "number" && !Number.isInteger(value);
  return type === "Edm.String" || type === "Edm.Boolean" || type === "Edm.Int32";
}

/** `…:00.1230000Z` to `…:00.123Z`, `…:00.0000000Z` to `…:00Z`, as the service writes times. */
function trimFraction(time: string): string {
  return time.replace(/\.?0*Z$/, "Z");
}
