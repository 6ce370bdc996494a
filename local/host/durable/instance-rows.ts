/** Instances as rows: their columns, and the listings that the client asks for. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import { type ParentInstance, STATUS_NAMES, type StatusCode } from "./history.ts";

export interface InstanceRow {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly executionId: string;
  readonly status: StatusCode;
  /** JSON text, like `customStatus`. */
  readonly input: string | null;
  /** JSON text, or plain text for a failure or a reason. */
  readonly output: string | null;
  readonly customStatus: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly parent: ParentInstance | null;
}

/** Every condition given must hold; the order is that of the ids. */
export interface InstanceFilter {
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly statuses?: readonly StatusCode[];
  readonly idPrefix?: string;
  /** Only ids after this one. */
  readonly after?: string;
  readonly limit?: number;
}

/** In the order of `toColumns`; the id comes first. */
export const COLUMNS = [
  "id",
  "name",
  "version",
  "execution_id",
  "status",
  "input",
  "output",
  "custom_status",
  "created_at",
  "updated_at",
  "parent",
] as const;

export function toColumns(row: InstanceRow): SQLInputValue[] {
  return [
    row.id,
    row.name,
    row.version,
    row.executionId,
    row.status,
    row.input,
    row.output,
    row.customStatus,
    row.createdAt,
    row.updatedAt,
    row.parent && JSON.stringify(row.parent),
  ];
}

type Columns = Record<string, SQLOutputValue>;

export function readInstance(columns: Columns | undefined): InstanceRow | undefined {
  if (!columns) return undefined;
  return {
    id: String(columns.id),
    name: String(columns.name),
    version: String(columns.version),
    executionId: String(columns.execution_id),
    status: toStatus(columns.status),
    input: toOptionalText(columns.input),
    output: toOptionalText(columns.output),
    customStatus: toOptionalText(columns.custom_status),
    createdAt: Number(columns.created_at),
    updatedAt: Number(columns.updated_at),
    parent: columns.parent ? JSON.parse(String(columns.parent)) : null,
  };
}

export function listInstances(database: DatabaseSync, filter: InstanceFilter): InstanceRow[] {
  const conditions: [string, readonly SQLInputValue[]][] = [];
  if (filter.createdFrom !== undefined) conditions.push(["created_at >= ?", [filter.createdFrom]]);
  if (filter.createdTo !== undefined) conditions.push(["created_at <= ?", [filter.createdTo]]);
  if (filter.after !== undefined) conditions.push(["id > ?", [filter.after]]);
  if (filter.idPrefix) conditions.push(["substr(id, 1, ?) = ?", [filter.idPrefix.length, filter.idPrefix]]);
  if (filter.statuses && filter.statuses.length > 0) {
    conditions.push([`status IN (${filter.statuses.map(() => "?").join(",")})`, filter.statuses]);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.map(([sql]) => sql).join(" AND ")}` : "";
  const values = conditions.flatMap(([, parameters]) => [...parameters]);
  return database
    .prepare(`SELECT * FROM instances ${where} ORDER BY id LIMIT ?`)
    .all(...values, filter.limit ?? -1)
    .flatMap((columns) => readInstance(columns) ?? []);
}

/** @returns the status of exactly that name, or of that code */
export function parseStatus(text: string): StatusCode | undefined {
  return CODES.find((code) => STATUS_NAMES[code] === text || String(code) === text);
}

const CODES: readonly StatusCode[] = [0, 1, 2, 3, 4, 5, 6, 7];

function toStatus(value: SQLOutputValue | undefined): StatusCode {
  return CODES[Number(value)] ?? 0;
}

function toOptionalText(value: SQLOutputValue | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
