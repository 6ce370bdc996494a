import type { Database } from "../database.ts";
import { invalidInput, StorageError } from "../errors.ts";
import { checkKey, checkSize, type Entity, type EntityInput, etagOf, type Properties } from "./entity.ts";

/** What one write asks for. `ifMatch`: an ETag, `*` for any existing row, `undefined` for insert-or-update. */
export type EntityWrite =
  | { readonly kind: "insert"; readonly table: string; readonly input: EntityInput }
  | {
      readonly kind: "replace" | "merge";
      readonly table: string;
      readonly partitionKey: string;
      readonly rowKey: string;
      readonly input: EntityInput;
      readonly ifMatch: string | undefined;
    }
  | {
      readonly kind: "delete";
      readonly table: string;
      readonly partitionKey: string;
      readonly rowKey: string;
      readonly ifMatch: string | undefined;
    };

const TABLE_NAME = /^[A-Za-z][A-Za-z0-9]{2,62}$/;

/** Tables and their rows. Methods that write are to be called inside `Database.write`. */
export class TableStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws {StorageError} 409 TableAlreadyExists; 400 when the name is not one */
  createTable(name: string): void {
    if (!TABLE_NAME.test(name) || name.toLowerCase() === "tables") {
      const expected = "3 to 63 letters and digits, starting with a letter, and not 'tables'";
      throw new StorageError(
        400,
        "InvalidResourceName",
        `The table name '${name}' is invalid: expected ${expected}.`,
      );
    }
    const insert = this.#database
      .sql("INSERT INTO tables (name) VALUES (?) ON CONFLICT DO NOTHING")
      .run(name);
    if (insert.changes === 0)
      throw new StorageError(409, "TableAlreadyExists", `The table '${name}' already exists.`);
  }

  deleteTable(name: string): void {
    const id = this.tableId(name, "ResourceNotFound");
    this.#database.sql("DELETE FROM entities WHERE table_id = ?").run(id);
    this.#database.sql("DELETE FROM tables WHERE id = ?").run(id);
  }

  /** Table names from `from` on, in order. */
  tableNames(from: string): string[] {
    const rows = this.#database.sql("SELECT name FROM tables WHERE name >= ? ORDER BY name").all(from);
    return rows.map((row) => String(row.name));
  }

  /** @throws {StorageError} 404 when there is no such table; names are compared without regard to case */
  tableId(name: string, code = "TableNotFound"): number {
    const row = this.#database.sql("SELECT id FROM tables WHERE name = ?").get(name);
    if (!row) throw new StorageError(404, code, `The table '${name}' does not exist.`);
    return Number(row.id);
  }

  find(tableId: number, partitionKey: string, rowKey: string): Entity | undefined {
    const row = this.#database
      .sql(`SELECT ${ENTITY_COLUMNS} FROM entities WHERE table_id = ? AND partition_key = ? AND row_key = ?`)
      .get(tableId, partitionKey, rowKey);
    return row && toEntity(row);
  }

  /**
   * Carries out one write, and answers the row as it now is (as it was, when deleted).
   *
   * @throws {StorageError} 404, 409 or 412, with nothing changed
   */
  apply(write: EntityWrite): Entity {
    const tableId = this.tableId(write.table);
    switch (write.kind) {
      case "insert":
        return this.#insert(tableId, write.input);
      case "delete":
        return this.#delete(tableId, write);
      default:
        return this.#update(tableId, write);
    }
  }

  #insert(tableId: number, input: EntityInput): Entity {
    const { partitionKey, rowKey } = input;
    if (partitionKey === undefined || rowKey === undefined) {
      const missing = partitionKey === undefined ? "PartitionKey" : "RowKey";
      throw new StorageError(
        400,
        "PropertiesNeedValue",
        `The property '${missing}' has no value; expected a string.`,
      );
    }
    if (this.find(tableId, partitionKey, rowKey)) {
      throw new StorageError(409, "EntityAlreadyExists", "The specified entity already exists.");
    }
    return this.#put(tableId, partitionKey, rowKey, input.properties);
  }

  #update(tableId: number, write: EntityWrite & { kind: "replace" | "merge" }): Entity {
    const { partitionKey, rowKey, input } = write;
    const isOtherRow =
      (input.partitionKey ?? partitionKey) !== partitionKey || (input.rowKey ?? rowKey) !== rowKey;
    if (isOtherRow)
      throw invalidInput("PartitionKey and RowKey of the body differ from those of the address.");
    checkKey("PartitionKey", partitionKey);
    checkKey("RowKey", rowKey);
    const before = this.find(tableId, partitionKey, rowKey);
    if (write.ifMatch !== undefined) checkCondition(before, write.ifMatch);
    const kept = write.kind === "merge" ? before?.properties : undefined;
    return this.#put(tableId, partitionKey, rowKey, { ...kept, ...input.properties });
  }

  #delete(tableId: number, write: EntityWrite & { kind: "delete" }): Entity {
    if (write.ifMatch === undefined) {
      const message = "The header 'If-Match' is missing; expected an ETag, or * for any.";
      throw new StorageError(400, "MissingRequiredHeader", message);
    }
    const before = checkCondition(this.find(tableId, write.partitionKey, write.rowKey), write.ifMatch);
    this.#database
      .sql("DELETE FROM entities WHERE table_id = ? AND partition_key = ? AND row_key = ?")
      .run(tableId, write.partitionKey, write.rowKey);
    return before;
  }

  #put(tableId: number, partitionKey: string, rowKey: string, properties: Properties): Entity {
    checkSize(partitionKey, rowKey, properties);
    const timestamp = this.#database.timestamps.next();
    this.#database
      .sql(`INSERT INTO entities (table_id, ${ENTITY_COLUMNS}) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET timestamp = excluded.timestamp, properties = excluded.properties`)
      .run(tableId, partitionKey, rowKey, timestamp, JSON.stringify(properties));
    return { partitionKey, rowKey, timestamp, properties };
  }
}

/** In the order of `toEntity` and of the insert. */
export const ENTITY_COLUMNS = "partition_key, row_key, timestamp, properties";

export function toEntity(row: Record<string, unknown>): Entity {
  return {
    partitionKey: String(row.partition_key),
    rowKey: String(row.row_key),
    timestamp: String(row.timestamp),
    properties: JSON.parse(String(row.properties)),
  };
}

function checkCondition(before: Entity | undefined, ifMatch: string): Entity {
  if (!before) throw new StorageError(404, "ResourceNotFound", "The specified resource does not exist.");
  if (ifMatch !== "*" && ifMatch !== etagOf(before)) {
    throw new StorageError(
      412,
      "UpdateConditionNotSatisfied",
      "The update condition specified in the request was not satisfied: the entity has changed since it was read.",
    );
  }
  return before;
}
