import type { StorageRequest } from "./http.ts";

/** What an operation needs of a shared access signature. */
export interface NeededAccess {
  /** The resource type, in the letters of `srt`: service, container or object. */
  readonly on: "s" | "c" | "o";
  /** Any one of these permissions will do; empty when none does. */
  readonly anyOf: string;
  readonly isList: boolean;
}

/** Permissions by operation, `METHOD comp`. What is missing no signature allows. */
const OF_ACCOUNT: Readonly<Record<string, string>> = { "GET list": "l", "GET properties": "r" };
const OF_CONTAINER: Readonly<Record<string, string>> = {
  "GET list": "l",
  GET: "r",
  HEAD: "r",
  "GET metadata": "r",
  "HEAD metadata": "r",
  PUT: "cw",
  "PUT metadata": "w",
  "PUT lease": "w",
  DELETE: "d",
};
const OF_BLOB: Readonly<Record<string, string>> = {
  GET: "r",
  HEAD: "r",
  "GET blocklist": "r",
  PUT: "cw",
  "PUT block": "w",
  "PUT blocklist": "w",
  "PUT appendblock": "aw",
  "PUT metadata": "w",
  "PUT properties": "w",
  "PUT tier": "w",
  "PUT lease": "w",
  "PUT snapshot": "cw",
  "PUT copy": "w",
  DELETE: "d",
};

/** @see https://learn.microsoft.com/rest/api/storageservices/create-account-sas, its table of operations */
export function neededAccess({
  method,
  path,
  query,
  headers,
}: Pick<StorageRequest, "method" | "path" | "query" | "headers">): NeededAccess {
  const [container, ...name] = path.split("/");
  const operation = `${method} ${query.get("comp") ?? ""}`.trim();
  const on = container === "" ? "s" : name.join("/") === "" ? "c" : "o";
  const table = { s: OF_ACCOUNT, c: OF_CONTAINER, o: OF_BLOB }[on];
  // Who may delete may also break the lease that is in the way.
  const isBreak = operation === "PUT lease" && headers["x-ms-lease-action"] === "break";
  const anyOf = `${table[operation] ?? ""}${isBreak ? "d" : ""}`;
  return { on, anyOf, isList: operation === "GET list" };
}
