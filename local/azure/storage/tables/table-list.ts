import { invalidInput } from "../errors.ts";
import { matches, parseFilter } from "./filter.ts";
import type { TableStore } from "./store.ts";

const PAGE_SIZE = 1000;

/** One page of table names in order, by `$filter` on `TableName`, `$top` and the continuation `NextTableName`. */
export function pageOfNames(
  store: TableStore,
  query: URLSearchParams,
): { names: string[]; next: string | undefined } {
  const top = Number(query.get("$top") ?? PAGE_SIZE);
  if (!Number.isInteger(top) || top < 1 || top > PAGE_SIZE) {
    throw invalidInput(`$top is '${query.get("$top")}', expected a whole number from 1 to ${PAGE_SIZE}.`);
  }
  const text = query.get("$filter");
  const filter = text?.trim() ? parseFilter(text) : undefined;
  // Tables are few: the filter runs over every name, as a row whose one property is `TableName`.
  const all = store.tableNames(query.get("NextTableName") ?? "").filter((name) => {
    const properties = { TableName: { type: "Edm.String", value: name } } as const;
    return !filter || matches(filter, { partitionKey: "", rowKey: "", timestamp: "", properties });
  });
  return { names: all.slice(0, top), next: all[top] };
}
