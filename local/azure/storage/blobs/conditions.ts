import { invalidHeader, StorageError } from "../errors.ts";

export interface Versioned {
  readonly etag: string;
  readonly modifiedMs: number;
}

type Headers = Readonly<Record<string, string>>;

/**
 * Checks `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since` against what is there now.
 *
 * @param isRead - a read whose content the caller already has answers 304, a write that is not wanted 412
 * @throws {StorageError} 304 or 412 ConditionNotMet; 409 BlobAlreadyExists when only a new blob would do
 * @see https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
 */
export function checkConditions(headers: Headers, current: Versioned | undefined, isRead: boolean): void {
  const ifNoneMatch = headers["if-none-match"];
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined && !(current && names(ifMatch, current.etag))) throw notMet(412, "If-Match");
  if (!current) return;
  if (ifNoneMatch === "*" && !isRead) {
    throw new StorageError(409, "BlobAlreadyExists", "The specified blob already exists.");
  }
  if (ifNoneMatch !== undefined && names(ifNoneMatch, current.etag))
    throw notMet(isRead ? 304 : 412, "If-None-Match");
  // The headers carry whole seconds.
  const modifiedMs = Math.floor(current.modifiedMs / 1000) * 1000;
  const since = readDate(headers, "if-modified-since");
  if (since !== undefined && modifiedMs <= since) throw notMet(isRead ? 304 : 412, "If-Modified-Since");
  const until = readDate(headers, "if-unmodified-since");
  if (until !== undefined && modifiedMs > until) throw notMet(412, "If-Unmodified-Since");
}

const SOURCE_CONDITION = /^x-ms-source-(if-.+)$/;

/** The same conditions, on what is copied. @throws {StorageError} 412 SourceConditionNotMet */
export function checkSourceConditions(headers: Headers, source: Versioned): void {
  const conditions = Object.entries(headers).flatMap(([header, value]) => {
    const name = SOURCE_CONDITION.exec(header)?.[1];
    return name === undefined ? [] : [[name, value] as const];
  });
  try {
    checkConditions(Object.fromEntries(conditions), source, false);
  } catch (error) {
    if (!(error instanceof StorageError) || error.status === 400) throw error;
    throw new StorageError(
      412,
      "SourceConditionNotMet",
      `The condition on the source is not met: ${error.message}`,
    );
  }
}

function names(header: string, etag: string): boolean {
  return header.split(",").some((each) => each.trim() === "*" || unquote(each) === unquote(etag));
}

function unquote(etag: string): string {
  return etag.trim().replace(/^"|"$/g, "");
}

function readDate(headers: Headers, name: string): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw invalidHeader(name, text, "an HTTP date");
  return ms;
}

function notMet(status: 304 | 412, header: string): StorageError {
  return new StorageError(
    status,
    "ConditionNotMet",
    `The condition specified using HTTP conditional header(s) is not met: ${header}.`,
  );
}
