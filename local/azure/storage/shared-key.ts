import { createHmac, timingSafeEqual } from "node:crypto";
import { StorageError } from "./errors.ts";
import type { StorageRequest } from "./http.ts";

export interface Account {
  readonly name: string;
  /** Base64, as in a connection string. */
  readonly key: string;
}

/**
 * Checks the signature of a request, as SharedKey or SharedKeyLite.
 *
 * The date it was signed at is not compared with ours: the clock here may be one that a test moves.
 *
 * @throws {StorageError} 403 AuthenticationFailed, with the reason and never the expected signature
 * @see https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
export function authenticate(request: StorageRequest, service: "blob" | "table", account: Account): void {
  const header = request.headers.authorization;
  if (header === undefined) throw failed("the Authorization header is missing");
  const match = /^(SharedKey|SharedKeyLite) ([^:]+):(.+)$/.exec(header);
  if (!match)
    throw failed("the Authorization header is neither 'SharedKey' nor 'SharedKeyLite account:signature'");
  const [, scheme, name, signature = ""] = match;
  if (name !== account.name) throw failed(`the account is '${name}', expected '${account.name}'`);
  const candidates = stringsToSign(request, service, scheme === "SharedKeyLite", account.name);
  if (!candidates.some((text) => isSignatureOf(text, signature, account.key))) {
    throw failed("the signature does not match the request; check the account key");
  }
}

function failed(reason: string): StorageError {
  return new StorageError(
    403,
    "AuthenticationFailed",
    `Server failed to authenticate the request: ${reason}. Sign it with the key of the connection string.`,
  );
}

export function isSignatureOf(text: string, signature: string, key: string): boolean {
  const expected = createHmac("sha256", Buffer.from(key, "base64")).update(text, "utf8").digest();
  const actual = Buffer.from(signature, "base64");
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function stringsToSign(request: StorageRequest, service: string, isLite: boolean, account: string): string[] {
  const header = (name: string) => request.headers[name] ?? "";
  const resource =
    isLite || service === "table" ? liteResource(request, account) : fullResource(request, account);
  const content = [request.method, header("content-md5"), header("content-type")];
  if (service === "table") {
    const date = header("x-ms-date") || header("date");
    return [(isLite ? [date, resource] : [...content, date, resource]).join("\n")];
  }
  // A signed x-ms-date takes the place of the Date header.
  const date = header("x-ms-date") ? "" : header("date");
  const length = header("content-length");
  const fixed = isLite
    ? [...content, date]
    : [
        request.method,
        header("content-encoding"),
        header("content-language"),
        length === "0" ? "" : length,
        header("content-md5"),
        header("content-type"),
        date,
        header("if-modified-since"),
        header("if-match"),
        header("if-none-match"),
        header("if-unmodified-since"),
        header("range"),
      ];
  return [byOrdinal, byCulture].map(
    (compare) => `${fixed.join("\n")}\n${canonicalHeaders(request, compare)}${resource}`,
  );
}

function canonicalHeaders(request: StorageRequest, compare: (a: string, b: string) => number): string {
  const names = Object.keys(request.headers).filter((name) => name.startsWith("x-ms-"));
  return names
    .sort(compare)
    .map((name) => `${name}:${request.headers[name]?.trim()}\n`)
    .join("");
}

const byOrdinal = (a: string, b: string) => (a < b ? -1 : 1);

/** The service's own order ignores hyphens and puts `_` before digits; most clients sort by code unit. Both are accepted. */
const byCulture = (a: string, b: string) => {
  const weigh = (name: string) => name.replaceAll("-", "").replaceAll("_", "!");
  return byOrdinal(weigh(a), weigh(b));
};

function liteResource(request: StorageRequest, account: string): string {
  const comp = request.query.get("comp");
  return `/${account}${request.rawPath}${comp ? `?comp=${comp}` : ""}`;
}

function fullResource(request: StorageRequest, account: string): string {
  const values = new Map<string, string[]>();
  for (const pair of request.rawQuery.split("&")) {
    const [name = "", value = ""] = pair.split("=");
    if (value === "") continue; // the clients leave parameters without a value out of what they sign
    const key = decodeURIComponent(name).toLowerCase();
    values.set(key, [...(values.get(key) ?? []), decodeURIComponent(value)]);
  }
  const lines = [...values]
    .sort(([a], [b]) => byOrdinal(a, b))
    .map(([key, all]) => `\n${key}:${all.sort().join(",")}`);
  return `/${account}${request.rawPath}${lines.join("")}`;
}
