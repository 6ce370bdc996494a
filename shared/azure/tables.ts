import { TableClient, type TableEntityResult, type TransactionAction } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type * as z from "zod";
import type { Connection } from "../config.ts";
import { hasStatus, RETRY_OPTIONS, withinTimeout } from "./options.ts";

/** A string property holds 64 KiB of UTF-16, an entity 1 MiB: a document is cut into so many properties. */
const CHUNK_CHARACTERS = 30_000;
const MOST_CHUNKS = 16;

/** A stored document and the etag that guards its replacement. */
export interface Stored<T> {
  readonly value: T;
  readonly etag: string;
}

export interface DocumentKey {
  readonly partition: string;
  readonly row: string;
}

type Row = Record<string, unknown> & { partitionKey: string; rowKey: string };

/**
 * Typed JSON documents in one table of Azure Table storage. Keys may hold any text: what a key may not hold is
 * percent-encoded. Reads check the stored document against its schema.
 */
export class Documents<T> {
  readonly #client: TableClient;
  readonly #schema: z.ZodType<T>;
  #created: Promise<unknown> | undefined;

  constructor(client: TableClient, schema: z.ZodType<T>) {
    this.#client = client;
    this.#schema = schema;
  }

  async get(key: DocumentKey): Promise<Stored<T> | null> {
    try {
      const client = await this.#ready();
      const entity = await client.getEntity(encodeKey(key.partition), encodeKey(key.row), {
        abortSignal: withinTimeout(),
      });
      return this.#read(entity);
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  /** False when the key is taken: the caller decides what that means. */
  async insert(key: DocumentKey, value: T): Promise<boolean> {
    return (await this.insertAll([{ key, value }])) === "inserted";
  }

  /** False when somebody else replaced it since it was read. */
  async replace(key: DocumentKey, value: T, etag: string): Promise<boolean> {
    try {
      const client = await this.#ready();
      await client.updateEntity(toRow(key, value), "Replace", { etag, abortSignal: withinTimeout() });
      return true;
    } catch (error) {
      if (hasStatus(error, 412)) return false;
      throw error;
    }
  }

  async put(key: DocumentKey, value: T): Promise<void> {
    const client = await this.#ready();
    await client.upsertEntity(toRow(key, value), "Replace", { abortSignal: withinTimeout() });
  }

  /**
   * Inserts documents of one partition, and replaces others if they are unchanged: all of it or nothing.
   *
   * @returns `conflict` when a key is taken or an etag is out of date
   */
  async insertAll(
    inserts: readonly { key: DocumentKey; value: T }[],
    replacements: readonly { key: DocumentKey; value: T; etag: string }[] = [],
  ): Promise<"inserted" | "conflict"> {
    const actions: TransactionAction[] = [
      ...inserts.map(({ key, value }): TransactionAction => ["create", toRow(key, value)]),
      ...replacements.map(
        ({ key, value, etag }): TransactionAction => ["update", toRow(key, value), "Replace", { etag }],
      ),
    ];
    try {
      const client = await this.#ready();
      await client.submitTransaction(actions, { abortSignal: withinTimeout() });
      return "inserted";
    } catch (error) {
      if (hasStatus(error, 409, 412)) return "conflict";
      throw error;
    }
  }

  /** Documents of a partition in row order, or of all partitions; `from` and `below` bound the row keys. */
  async *list(within: { partition?: string; from?: string; below?: string } = {}): AsyncGenerator<Stored<T>> {
    const conditions: string[] = [];
    if (within.partition !== undefined)
      conditions.push(`PartitionKey eq ${quote(encodeKey(within.partition))}`);
    if (within.from !== undefined) conditions.push(`RowKey ge ${quote(encodeKey(within.from))}`);
    if (within.below !== undefined) conditions.push(`RowKey lt ${quote(encodeKey(within.below))}`);
    const client = await this.#ready();
    const queryOptions = conditions.length > 0 ? { filter: conditions.join(" and ") } : {};
    for await (const entity of client.listEntities<Row>({ queryOptions, abortSignal: withinTimeout() })) {
      yield this.#read(entity);
    }
  }

  #read(entity: TableEntityResult<Record<string, unknown>>): Stored<T> {
    let json = "";
    for (let chunk = 0; typeof entity[`json${chunk}`] === "string"; chunk += 1)
      json += entity[`json${chunk}`];
    return { value: this.#schema.parse(JSON.parse(json)), etag: entity.etag };
  }

  /** Creating a table that exists is no error of the service, so the first use may always try. */
  async #ready(): Promise<TableClient> {
    this.#created ??= this.#client.createTable({ abortSignal: withinTimeout() });
    try {
      await this.#created;
    } catch (error) {
      this.#created = undefined;
      throw error;
    }
    return this.#client;
  }
}

/** Opens a table; it is created by its first use. */
export function openDocuments<T>(
  connection: Connection,
  credential: TokenCredential,
  table: string,
  schema: z.ZodType<T>,
): Documents<T> {
  const options = { retryOptions: RETRY_OPTIONS };
  const client =
    "connectionString" in connection
      ? TableClient.fromConnectionString(connection.connectionString, table, {
          ...options,
          // The protocol is the connection string's choice; the client refuses http unless told.
          allowInsecureConnection: connection.connectionString.includes("TableEndpoint=http:"),
        })
      : new TableClient(connection.address, table, credential, options);
  return new Documents(client, schema);
}

function toRow(key: DocumentKey, value: unknown): Row {
  const json = JSON.stringify(value);
  const chunks = Math.ceil(json.length / CHUNK_CHARACTERS);
  if (chunks > MOST_CHUNKS) {
    throw new RangeError(
      `Document ${key.partition}/${key.row} has ${json.length} characters, expected at most ${CHUNK_CHARACTERS * MOST_CHUNKS}.`,
    );
  }
  const row: Row = { partitionKey: encodeKey(key.partition), rowKey: encodeKey(key.row) };
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    row[`json${chunk}`] = json.slice(chunk * CHUNK_CHARACTERS, (chunk + 1) * CHUNK_CHARACTERS);
  }
  return row;
}

/** `/ \ # ?` and control characters are refused in keys; `%` is encoded so that the encoding can be read back. */
function encodeKey(key: string): string {
  return key.replace(/[/\\#?%\p{Cc}]/gu, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
