import { invalidInput, StorageError } from "../errors.ts";
import { type EdmValue, edmBytes, readEdm } from "./edm.ts";

export type Properties = Readonly<Record<string, EdmValue>>;

/** One row as it is stored. */
export interface Entity {
  readonly partitionKey: string;
  readonly rowKey: string;
  /** UTC with seven digits of the second; the ETag is made from it. */
  readonly timestamp: string;
  /** All but the keys and the timestamp. */
  readonly properties: Properties;
}

/** What a caller sent: keys only where the body named them. */
export interface EntityInput {
  readonly partitionKey: string | undefined;
  readonly rowKey: string | undefined;
  readonly properties: Properties;
}

const SYSTEM_PROPERTIES = new Set(["PartitionKey", "RowKey", "Timestamp"]);
/** 255 with PartitionKey, RowKey and Timestamp. */
const MOST_PROPERTIES = 252;
const LONGEST_NAME = 255;
const LONGEST_KEY = 1024;
const LARGEST_ENTITY_BYTES = 1024 * 1024;
const PROPERTY_NAME = /^[\p{L}_][\p{L}\p{Nd}\p{Nl}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*$/u;
const FORBIDDEN_IN_KEY = /[/\\#?\p{Cc}]/u;

/**
 * Reads the JSON of an entity.
 *
 * @throws {StorageError} 400 that names the property: its type, size, name or number is outside the limits
 * @see https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 */
export function parseEntity(body: string): EntityInput {
  const json = parseObject(body);
  const properties: Record<string, EdmValue> = {};
  for (const [name, value] of Object.entries(json)) {
    // A null is a property that is not there; names with a dot are annotations (`x@odata.type`, `odata.etag`).
    if (value === null || SYSTEM_PROPERTIES.has(name) || name.includes("odata.")) continue;
    checkName(name);
    properties[name] = readEdm(name, value, json[`${name}@odata.type`]);
  }
  return { partitionKey: readKey(json, "PartitionKey"), rowKey: readKey(json, "RowKey"), properties };
}

function parseObject(body: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw invalidInput(
      `The entity is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
    );
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalidInput(
      `The entity is ${Array.isArray(json) ? "an array" : typeof json}, expected a JSON object.`,
    );
  }
  return { ...json };
}

function checkName(name: string): void {
  if (name.length > LONGEST_NAME) {
    throw new StorageError(
      400,
      "PropertyNameTooLong",
      `The property name '${name.slice(0, 40)}…' has ${name.length} characters, expected at most ${LONGEST_NAME}.`,
    );
  }
  if (!PROPERTY_NAME.test(name)) {
    throw new StorageError(
      400,
      "PropertyNameInvalid",
      `The property name '${name}' is invalid: expected letters, digits and underscores, not starting with a digit.`,
    );
  }
}

function readKey(json: Record<string, unknown>, name: "PartitionKey" | "RowKey"): string | undefined {
  const key = json[name];
  if (key === undefined || key === null) return undefined;
  if (typeof key !== "string") throw invalidInput(`The '${name}' is a ${typeof key}, expected a string.`);
  return checkKey(name, key);
}

/** @throws {StorageError} 400 when the key is too long or holds a character that keys must not hold */
export function checkKey(name: "PartitionKey" | "RowKey", key: string): string {
  if (key.length > LONGEST_KEY) {
    throw new StorageError(
      400,
      "KeyValueTooLarge",
      `The '${name}' has ${key.length} characters, expected at most ${LONGEST_KEY}.`,
    );
  }
  if (FORBIDDEN_IN_KEY.test(key)) {
    throw new StorageError(
      400,
      "OutOfRangeInput",
      `The '${name}' ${JSON.stringify(key)} is out of range: it must not hold '/', '\\', '#', '?' or control characters.`,
    );
  }
  return key;
}

/** @throws {StorageError} 400 when the whole row has too many properties or bytes */
export function checkSize(partitionKey: string, rowKey: string, properties: Properties): void {
  const entries = Object.entries(properties);
  if (entries.length > MOST_PROPERTIES) {
    throw new StorageError(
      400,
      "TooManyProperties",
      `The entity has ${entries.length} properties besides its keys and timestamp, expected at most ${MOST_PROPERTIES}.`,
    );
  }
  const keyBytes = 4 + (partitionKey.length + rowKey.length) * 2;
  const bytes = entries.reduce((sum, [name, value]) => sum + 8 + name.length * 2 + edmBytes(value), keyBytes);
  if (bytes > LARGEST_ENTITY_BYTES) {
    throw new StorageError(
      400,
      "EntityTooLarge",
      `The entity takes ${bytes} bytes, expected at most ${LARGEST_ENTITY_BYTES} (1 MiB).`,
    );
  }
}

/** The ETag of a row, as the table service forms it from the timestamp. */
export function etagOf(entity: Pick<Entity, "timestamp">): string {
  return `W/"datetime'${encodeURIComponent(entity.timestamp)}'"`;
}
