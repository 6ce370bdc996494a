import { invalidInput } from "../errors.ts";

/** What the path of a table request points at. */
export type TableAddress =
  | { readonly kind: "service" }
  | { readonly kind: "batch" }
  | { readonly kind: "tables" }
  | { readonly kind: "table"; readonly table: string }
  | { readonly kind: "rows"; readonly table: string }
  | { readonly kind: "row"; readonly table: string; readonly partitionKey: string; readonly rowKey: string };

const TABLE = /^Tables\('((?:[^']|'')*)'\)$/;
const ROW = /^([^()]+)\(PartitionKey='((?:[^']|'')*)',\s*RowKey='((?:[^']|'')*)'\)$/su;
const ROWS = /^([^()]+?)(?:\(\))?$/;

/** Reads a decoded path below the account, e.g. `ledger(PartitionKey='a',RowKey='b')`. */
export function parseAddress(path: string): TableAddress {
  if (path === "") return { kind: "service" };
  if (path === "$batch") return { kind: "batch" };
  if (path === "Tables" || path === "Tables()") return { kind: "tables" };
  const table = TABLE.exec(path);
  if (table) return { kind: "table", table: unquote(table[1]) };
  const row = ROW.exec(path);
  if (row) {
    return { kind: "row", table: row[1] ?? "", partitionKey: unquote(row[2]), rowKey: unquote(row[3]) };
  }
  const rows = ROWS.exec(path);
  if (rows) return { kind: "rows", table: rows[1] ?? "" };
  throw invalidInput(
    `The address '${path}' is not one of a table: expected name(PartitionKey='…',RowKey='…').`,
  );
}

function unquote(text = ""): string {
  return text.replaceAll("''", "'");
}
