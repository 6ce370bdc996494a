import type { Database } from "../database.ts";
import { invalidInput } from "../errors.ts";
import type { Entity } from "./entity.ts";
import { type Filter, matches, type Operator, parseFilter } from "./filter.ts";
import { ENTITY_COLUMNS, toEntity } from "./store.ts";

/** The service answers at most this many rows at once, whatever `$top` says. */
const PAGE_SIZE = 1000;

export interface Query {
  readonly filter: string | null;
  readonly top: string | null;
  /** Continuation: the first row to answer, as the last answer named it. */
  readonly nextPartitionKey: string | null;
  readonly nextRowKey: string | null;
}

export interface Page {
  readonly entities: readonly Entity[];
  /** The first row that did not fit, when there is one. */
  readonly next: Entity | undefined;
}

/** One page of the rows that satisfy the query, in the order of PartitionKey, then RowKey (by code point). */
export function queryEntities(database: Database, tableId: number, query: Query): Page {
  const filter = query.filter?.trim() ? parseFilter(query.filter) : undefined;
  const limit = pageSize(query.top);
  const entities: Entity[] = [];
  if (limit === 0) return { entities, next: undefined };
  const { where, values } = keyRange(filter, query);
  const rows = database
    .sql(`SELECT ${ENTITY_COLUMNS} FROM entities WHERE ${where} ORDER BY partition_key, row_key`)
    .iterate(tableId, ...values);
  for (const row of rows) {
    const entity = toEntity(row);
    if (filter && !matches(filter, entity)) continue;
    if (entities.length === limit) return { entities, next: entity };
    entities.push(entity);
  }
  return { entities, next: undefined };
}

function pageSize(top: string | null): number {
  if (top === null) return PAGE_SIZE;
  const count = Number(top);
  if (!/^\d+$/.test(top) || count > PAGE_SIZE) {
    throw invalidInput(`$top is '${top}', expected a whole number from 0 to ${PAGE_SIZE}.`);
  }
  return count;
}

const COLUMNS: Record<string, string> = { PartitionKey: "partition_key", RowKey: "row_key" };
const SQL_OPERATORS: Partial<Record<Operator, string>> = { eq: "=", gt: ">", ge: ">=", lt: "<", le: "<=" };

/** The part of a query that the index answers: where to go on from, and conditions on keys that every row must meet. */
function keyRange(filter: Filter | undefined, query: Query): { where: string; values: string[] } {
  const conditions = ["table_id = ?"];
  const values: string[] = [];
  if (query.nextPartitionKey !== null) {
    conditions.push("(partition_key, row_key) >= (?, ?)");
    values.push(decodeKey(query.nextPartitionKey), decodeKey(query.nextRowKey ?? ""));
  }
  for (const part of conjuncts(filter)) {
    if (part.kind !== "compare" || part.value.type !== "Edm.String") continue;
    const column = COLUMNS[part.property];
    const operator = SQL_OPERATORS[part.operator];
    if (!column || !operator) continue;
    conditions.push(`${column} ${operator} ?`);
    values.push(String(part.value.value));
  }
  return { where: conditions.join(" AND "), values };
}

function conjuncts(filter: Filter | undefined): Filter[] {
  if (!filter) return [];
  return filter.kind === "and" ? [...conjuncts(filter.left), ...conjuncts(filter.right)] : [filter];
}

/** A key as it travels in a continuation header, which takes ASCII alone and must not be empty. */
export function encodeKey(key: string): string {
  return `1!${Buffer.from(key, "utf8").toString("base64url")}`;
}

function decodeKey(token: string): string {
  if (token === "") return "";
  if (!token.startsWith("1!"))
    throw invalidInput(`The continuation token '${token}' is not one of this service.`);
  return Buffer.from(token.slice(2), "base64url").toString("utf8");
}
