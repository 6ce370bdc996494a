import { randomUUID } from "node:crypto";
import type { Database } from "../database.ts";
import { invalidInput, notSimulated, StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest, StorageService } from "../http.ts";
import { parseAddress, type TableAddress } from "./address.ts";
import { type BatchPart, formatBatch, parseBatch } from "./batch.ts";
import { etagOf } from "./entity.ts";
import { contentType, metadataLevel, readSelect, toJson } from "./format.ts";
import { encodeKey, queryEntities } from "./query.ts";
import { type EntityWrite, TableStore } from "./store.ts";
import { pageOfNames } from "./table-list.ts";
import { answerWrite, atIndex, checkTransaction, readWrite, type WriteRequest } from "./writes.ts";

const LARGEST_BATCH_BYTES = 4 * 1024 * 1024;

/** The Table service's REST API, api-version 2019-02-02, over a `Database`. */
export class TableService implements StorageService {
  readonly name = "table";
  readonly #database: Database;
  readonly #store: TableStore;

  constructor(database: Database) {
    this.#database = database;
    this.#store = new TableStore(database);
  }

  async handle(request: StorageRequest): Promise<StorageAnswer> {
    const address = parseAddress(request.path);
    const comp = request.query.get("comp");
    if (comp !== null) throw notSimulated(`The table operation comp=${comp}`);
    if (address.kind === "batch" && request.method === "POST") return this.#transaction(request);
    if (address.kind === "tables") return this.#tables(request);
    if (address.kind === "table" && request.method === "DELETE") {
      await this.#database.write(() => this.#store.deleteTable(address.table));
      return { status: 204 };
    }
    if (address.kind === "row" && request.method === "GET") return this.#get(request, address);
    if (address.kind === "rows" && request.method === "GET") return this.#query(request, address.table);
    const write = readWrite(request, address, Buffer.from(request.body).toString("utf8"));
    if (!write)
      throw new StorageError(
        405,
        "MethodNotAllowed",
        `${request.method} is not an operation of this address.`,
      );
    const entity = await this.#database.write(() => this.#store.apply(write));
    return answerWrite(request, write, entity);
  }

  describeError(code: string, message: string) {
    const body = JSON.stringify({ "odata.error": { code, message: { lang: "en-US", value: message } } });
    return { headers: { "Content-Type": contentType("minimalmetadata") }, body };
  }

  async #tables(request: StorageRequest): Promise<StorageAnswer> {
    const level = metadataLevel(request);
    if (request.method === "POST") {
      const name = readTableName(request.body);
      await this.#database.write(() => this.#store.createTable(name));
      const headers = { Location: `${request.accountUrl}/Tables('${name}')` };
      if (request.headers.prefer === "return-no-content") {
        return { status: 204, headers: { ...headers, "Preference-Applied": "return-no-content" } };
      }
      const body = JSON.stringify({
        "odata.metadata": `${request.accountUrl}/$metadata#Tables/@Element`,
        TableName: name,
      });
      return { status: 201, headers: { ...headers, "Content-Type": contentType(level) }, body };
    }
    if (request.method !== "GET") {
      throw new StorageError(
        405,
        "MethodNotAllowed",
        `${request.method} is not an operation of the list of tables.`,
      );
    }
    return this.#listTables(request);
  }

  #listTables(request: StorageRequest): StorageAnswer {
    const level = metadataLevel(request);
    const { names, next } = pageOfNames(this.#store, request.query);
    const headers: Record<string, string> = { "Content-Type": contentType(level) };
    if (next !== undefined) headers["x-ms-continuation-NextTableName"] = next;
    const value = names.map((TableName) => ({ TableName }));
    const metadata = { "odata.metadata": `${request.accountUrl}/$metadata#Tables` };
    return { status: 200, headers, body: JSON.stringify({ ...metadata, value }) };
  }

  #get(request: StorageRequest, address: TableAddress & { kind: "row" }): StorageAnswer {
    const tableId = this.#store.tableId(address.table);
    const entity = this.#store.find(tableId, address.partitionKey, address.rowKey);
    if (!entity) throw new StorageError(404, "ResourceNotFound", "The specified resource does not exist.");
    const view = this.#view(request, address.table);
    const metadata = { "odata.metadata": `${request.accountUrl}/$metadata#${address.table}/@Element` };
    const body = JSON.stringify({
      ...(view.level === "nometadata" ? {} : metadata),
      ...toJson(entity, view),
    });
    return { status: 200, headers: { "Content-Type": contentType(view.level), ETag: etagOf(entity) }, body };
  }

  #query(request: StorageRequest, table: string): StorageAnswer {
    const { query } = request;
    const page = queryEntities(this.#database, this.#store.tableId(table), {
      filter: query.get("$filter"),
      top: query.get("$top"),
      nextPartitionKey: query.get("NextPartitionKey"),
      nextRowKey: query.get("NextRowKey"),
    });
    const view = this.#view(request, table);
    const headers: Record<string, string> = { "Content-Type": contentType(view.level) };
    if (page.next) {
      headers["x-ms-continuation-NextPartitionKey"] = encodeKey(page.next.partitionKey);
      headers["x-ms-continuation-NextRowKey"] = encodeKey(page.next.rowKey);
    }
    const metadata = { "odata.metadata": `${request.accountUrl}/$metadata#${table}` };
    const value = page.entities.map((entity) => toJson(entity, view));
    return {
      status: 200,
      headers,
      body: JSON.stringify({ ...(view.level === "nometadata" ? {} : metadata), value }),
    };
  }

  #view(request: StorageRequest, table: string) {
    const { accountUrl, query } = request;
    return { level: metadataLevel(request), select: readSelect(query), table, accountUrl };
  }

  /** All writes of a change set, or none: the first that fails undoes those before it and is the one reported. */
  async #transaction(request: StorageRequest): Promise<StorageAnswer> {
    if (request.body.byteLength > LARGEST_BATCH_BYTES) {
      const message = `The batch has ${request.body.byteLength} bytes, expected at most ${LARGEST_BATCH_BYTES} (4 MiB).`;
      throw new StorageError(413, "RequestBodyTooLarge", message);
    }
    const parts = parseBatch(
      request.headers["content-type"] ?? "",
      Buffer.from(request.body).toString("utf8"),
    );
    const requests = parts.map((part) => toWriteRequest(part, request.accountUrl));
    const answers = await this.#runTransaction(requests).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      const { headers, body } = this.describeError(error.code, error.message);
      return [{ status: error.status, headers, body }];
    });
    const { contentType, body } = formatBatch(randomUUID(), answers);
    return { status: 202, headers: { "Content-Type": contentType }, body };
  }

  async #runTransaction(requests: readonly (WriteRequest & { address: string; body: string })[]) {
    const writes = requests.map((request, index) =>
      naming(index, (): EntityWrite => {
        const write = readWrite(request, parseAddress(request.address), request.body);
        if (!write)
          throw invalidInput(`${request.method} of '${request.address}' is not an operation of a batch.`);
        return write;
      }),
    );
    checkTransaction(writes);
    const entities = await this.#database.write(() =>
      writes.map((write, index) => naming(index, () => this.#store.apply(write))),
    );
    return writes.flatMap((write, index) => {
      const [request, entity] = [requests[index], entities[index]];
      return request && entity ? [answerWrite(request, write, entity)] : [];
    });
  }
}

function naming<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw atIndex(index, error);
  }
}

function toWriteRequest(part: BatchPart, accountUrl: string) {
  const { method, headers, body, url } = part;
  const address = decodeURIComponent(url.pathname).split("/").slice(2).join("/");
  return { method, headers, body, query: url.searchParams, accountUrl, address };
}

function readTableName(body: Uint8Array): string {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw invalidInput("The body is not valid JSON; expected an object with 'TableName'.");
  }
  const name = typeof json === "object" && json !== null && "TableName" in json ? json.TableName : undefined;
  if (typeof name !== "string") throw invalidInput(`'TableName' is ${typeof name}, expected a string.`);
  return name;
}
