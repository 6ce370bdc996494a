import { invalidInput, StorageError } from "../errors.ts";
import type { TableAddress } from "./address.ts";
import { type Entity, etagOf, parseEntity } from "./entity.ts";
import { contentType, entityPath, metadataLevel, toJson } from "./format.ts";
import type { EntityWrite } from "./store.ts";

/** What a write needs of its request; a part of a transaction has the same. */
export interface WriteRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly accountUrl: string;
}

/** Reads an insert, update or delete; `undefined` when the method is none of these. */
export function readWrite(
  request: WriteRequest,
  address: TableAddress,
  body: string,
): EntityWrite | undefined {
  const method = request.headers["x-http-method"] ?? request.method;
  if (address.kind === "rows" && method === "POST") {
    return { kind: "insert", table: address.table, input: parseEntity(body) };
  }
  if (address.kind !== "row") return undefined;
  const { table, partitionKey, rowKey } = address;
  const target = { table, partitionKey, rowKey, ifMatch: request.headers["if-match"] };
  if (method === "PUT") return { kind: "replace", ...target, input: parseEntity(body) };
  if (method === "PATCH" || method === "MERGE") return { kind: "merge", ...target, input: parseEntity(body) };
  return method === "DELETE" ? { kind: "delete", ...target } : undefined;
}

/** The answer to a write that has been carried out. */
export function answerWrite(request: WriteRequest, write: EntityWrite, entity: Entity) {
  if (write.kind === "delete") return { status: 204, headers: {} };
  const url = `${request.accountUrl}/${entityPath(write.table, entity)}`;
  const headers: Record<string, string> = { ETag: etagOf(entity), DataServiceId: url };
  if (write.kind !== "insert") return { status: 204, headers };
  headers.Location = url;
  if (request.headers.prefer === "return-no-content") {
    return { status: 204, headers: { ...headers, "Preference-Applied": "return-no-content" } };
  }
  const level = metadataLevel(request);
  const view = { level, select: undefined, table: write.table, accountUrl: request.accountUrl };
  const metadata = level === "nometadata" ? {} : { "odata.metadata": metadataUrl(request, write.table) };
  return {
    status: 201,
    headers: { ...headers, "Content-Type": contentType(level) },
    body: JSON.stringify({ ...metadata, ...toJson(entity, view) }),
  };
}

function metadataUrl(request: WriteRequest, table: string): string {
  return `${request.accountUrl}/$metadata#${table}/@Element`;
}

const MOST_CHANGES = 100;

/** A failing request of a transaction: the index is in the message, as the service puts it. */
export function atIndex(index: number, error: unknown): unknown {
  if (!(error instanceof StorageError)) return error;
  return new StorageError(error.status, error.code, `${index}:${error.message}`);
}

/**
 * What makes a transaction as a whole wrong, before any of it runs.
 *
 * @throws {StorageError} 400, with the index of the request at fault
 */
export function checkTransaction(writes: readonly EntityWrite[]): void {
  if (writes.length > MOST_CHANGES) {
    throw atIndex(
      MOST_CHANGES - 1,
      invalidInput(`The batch exceeds the maximum of ${MOST_CHANGES} changes.`),
    );
  }
  const seen = new Set<string>();
  const [first] = writes;
  for (const [index, write] of writes.entries()) {
    const { table, partitionKey, rowKey } = target(write);
    if (first && (table !== first.table || partitionKey !== target(first).partitionKey)) {
      const message = "All commands in a batch must operate on the same table and the same PartitionKey.";
      throw atIndex(index, new StorageError(400, "CommandsInBatchActOnDifferentPartitions", message));
    }
    if (seen.has(rowKey)) {
      const message =
        "The batch request contains multiple changes with same row key. An entity can appear only once.";
      throw atIndex(index, new StorageError(400, "InvalidDuplicateRow", message));
    }
    seen.add(rowKey);
  }
}

function target(write: EntityWrite) {
  const { partitionKey = "", rowKey = "" } = write.kind === "insert" ? write.input : write;
  return { table: write.table, partitionKey, rowKey };
}
