/**
 * Shared access signatures: an address that itself says what it allows and until when, signed with the account's key.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/create-service-sas
 * @see https://learn.microsoft.com/rest/api/storageservices/create-account-sas
 */
import { BlockList, isIPv6 } from "node:net";
import { notSimulated, StorageError } from "./errors.ts";
import type { Grant, StorageRequest } from "./http.ts";
import { neededAccess } from "./shared-access-needs.ts";
import { type Account, isSignatureOf } from "./shared-key.ts";

/** The version from which on both kinds of signature cover the encryption scope. */
const SIGNS_SCOPE_SINCE = "2020-12-06";
/** The version from which on a service signature covers its kind of resource and its snapshot. */
const SIGNS_RESOURCE_SINCE = "2018-11-09";
/** The version that brought the account's signatures and the order of fields both are read in. */
const OLDEST = "2015-04-05";

/** Response headers that a service signature may set, by their parameter, in the order they are signed in. */
const RESPONSE_HEADERS: Readonly<Record<string, string>> = {
  rscc: "cache-control",
  rscd: "content-disposition",
  rsce: "content-encoding",
  rscl: "content-language",
  rsct: "content-type",
};

type Request = Pick<StorageRequest, "method" | "path" | "query" | "headers" | "from">;

/**
 * @returns what the signature allows the request beyond the operation
 * @throws {StorageError} 403, by the code of what is wrong: the signature, its time, its permission, …
 */
export function authorizeSharedAccess(
  request: Request,
  service: "blob" | "table",
  account: Account,
  now: number,
): Grant {
  if (service === "table") throw notSimulated("A shared access signature of tables");
  const { query } = request;
  const version = query.get("sv") ?? "";
  if (version < OLDEST) throw notSimulated(`A shared access signature of version '${version}'`);
  if (query.has("si")) throw notSimulated("A shared access signature by a stored access policy (si)");
  if (query.has("skoid")) throw notSimulated("A shared access signature by a user delegation key");
  const isAccounts = query.has("ss");
  const text = isAccounts
    ? accountText(query, account.name, version)
    : serviceText(request, account.name, version);
  if (!isSignatureOf(text, query.get("sig") ?? "", account.key)) {
    throw refused("AuthenticationFailed", "the signature (sig) does not match the other parameters");
  }
  checkCircumstances(request, now);
  return checkOperation(request, isAccounts);
}

function refused(code: string, reason: string): StorageError {
  return new StorageError(403, code, `The shared access signature does not allow the request: ${reason}.`);
}

function accountText(query: URLSearchParams, account: string, version: string): string {
  const fields = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"];
  if (version >= SIGNS_SCOPE_SINCE) fields.push("ses");
  return [account, ...fields.map((name) => query.get(name) ?? ""), ""].join("\n");
}

function serviceText({ path, query }: Request, account: string, version: string): string {
  const kind = query.get("sr") ?? "";
  const value = (name: string) => query.get(name) ?? "";
  const fields = [
    ...["sp", "st", "se"].map(value),
    `/blob/${account}/${kind === "c" ? path.split("/")[0] : path}`,
    ...["si", "sip", "spr", "sv"].map(value),
  ];
  if (version >= SIGNS_RESOURCE_SINCE) fields.push(kind, kind === "bs" ? value("snapshot") : "");
  if (version >= SIGNS_SCOPE_SINCE) fields.push(value("ses"));
  return [...fields, ...Object.keys(RESPONSE_HEADERS).map(value)].join("\n");
}

/** When, from where and over what. The local service speaks plain HTTP. */
function checkCircumstances({ query, from }: Request, now: number): void {
  const start = readTime(query, "st");
  const end = readTime(query, "se");
  if (end === undefined) throw refused("AuthenticationFailed", "it has no expiry time (se)");
  if ((start !== undefined && now < start) || now >= end) {
    throw refused(
      "AuthenticationFailed",
      `it is valid from ${query.get("st") ?? "any time"} to ${query.get("se")}`,
    );
  }
  if (query.get("spr") === "https") {
    throw refused(
      "AuthorizationProtocolMismatch",
      "it allows https alone (spr), and this service speaks http",
    );
  }
  const addresses = query.get("sip");
  if (addresses !== null && !isAmong(addresses, from)) {
    throw refused("AuthorizationSourceIPMismatch", `it is for ${addresses} (sip), the caller is ${from}`);
  }
}

function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw refused("AuthenticationFailed", `'${name}' is '${text}', expected an ISO 8601 time`);
  return ms;
}

function isAmong(addresses: string, address: string): boolean {
  const [first = "", last = first] = addresses.split("-");
  const list = new BlockList();
  try {
    list.addRange(first, last);
    return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  } catch {
    throw refused(
      "AuthenticationFailed",
      `'sip' is '${addresses}', expected an IPv4 address or a range of them`,
    );
  }
}

function checkOperation(request: Request, isAccounts: boolean): Grant {
  const { query } = request;
  const need = neededAccess(request);
  if (isAccounts) {
    if (!query.get("ss")?.includes("b")) {
      throw refused(
        "AuthorizationServiceMismatch",
        `it is for the services '${query.get("ss")}' (ss), without b`,
      );
    }
    const types = query.get("srt") ?? "";
    if (!types.includes(need.on)) {
      throw refused(
        "AuthorizationResourceTypeMismatch",
        `it is for '${types}' (srt), expected '${need.on}' in it`,
      );
    }
  } else checkResource(query, need.on, need.isList);
  const permissions = query.get("sp") ?? "";
  const isAllowed = [...need.anyOf].some((permission) => permissions.includes(permission));
  if (!isAllowed) {
    const expected = need.anyOf === "" ? "no signature allows it" : `expected one of '${need.anyOf}'`;
    throw refused("AuthorizationPermissionMismatch", `it permits '${permissions}' (sp), ${expected}`);
  }
  const headers = Object.entries(RESPONSE_HEADERS).flatMap(([name, header]) => {
    const value = query.get(name);
    return value === null || isAccounts ? [] : [[header, value]];
  });
  return { mayOverwrite: permissions.includes("w"), responseHeaders: Object.fromEntries(headers) };
}

/** A container's signature reaches the blobs in it and their list; a blob's and a snapshot's only themselves. */
function checkResource(query: URLSearchParams, on: "s" | "c" | "o", isList: boolean): void {
  const kind = query.get("sr") ?? "";
  if (kind === "d") throw notSimulated("A shared access signature of a directory (sr=d)");
  if (!["b", "bs", "c"].includes(kind))
    throw notSimulated(`A shared access signature of the resource '${kind}' (sr)`);
  const reaches = on === "o" || (kind === "c" && isList);
  if (!reaches)
    throw refused(
      "AuthorizationFailure",
      `one of a ${kind === "c" ? "container" : "blob"} reaches no further`,
    );
}
