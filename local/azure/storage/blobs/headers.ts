import { createHash } from "node:crypto";
import { invalidHeader, StorageError } from "../errors.ts";
import type { StorageRequest } from "../http.ts";

type Headers = Readonly<Record<string, string>>;

/** The HTTP properties of a blob, under the names they are answered with. */
export type HttpProperties = Readonly<Record<string, string>>;

/** Where each property is taken from in a request. */
const PROPERTY_HEADERS: Record<string, string> = {
  "content-type": "x-ms-blob-content-type",
  "content-encoding": "x-ms-blob-content-encoding",
  "content-language": "x-ms-blob-content-language",
  "content-disposition": "x-ms-blob-content-disposition",
  "cache-control": "x-ms-blob-cache-control",
  "content-md5": "x-ms-blob-content-md5",
};
const METADATA_PREFIX = "x-ms-meta-";
const METADATA_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Properties that a write sets; those not named are cleared, as the service does. */
export function readProperties(headers: Headers): HttpProperties {
  const properties: Record<string, string> = {};
  for (const [name, header] of Object.entries(PROPERTY_HEADERS)) {
    const value = headers[header];
    if (value) properties[name] = value;
  }
  return properties;
}

/** @throws {StorageError} 400 InvalidMetadata for a name that is no C# identifier */
export function readMetadata({ metadata }: StorageRequest): Readonly<Record<string, string>> {
  for (const name of Object.keys(metadata)) {
    if (METADATA_NAME.test(name)) continue;
    throw new StorageError(400, "InvalidMetadata", `The metadata name '${name}' is not a C# identifier.`);
  }
  return metadata;
}

export function metadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`${METADATA_PREFIX}${name}`, value]),
  );
}

export function md5(body: Uint8Array): string {
  return createHash("md5").update(body).digest("base64");
}

/** @throws {StorageError} 400 Md5Mismatch when the body is not the one that was sent */
export function checkMd5(headers: Headers, body: Uint8Array): void {
  const expected = headers["content-md5"];
  if (expected !== undefined && expected !== md5(body)) {
    throw new StorageError(
      400,
      "Md5Mismatch",
      `The body has the MD5 ${md5(body)}, its Content-MD5 says ${expected}.`,
    );
  }
}

/** First and last byte asked for, both included; `undefined` for the whole blob. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** @throws {StorageError} 416 InvalidRange when the blob ends before the range begins */
export function readRange(headers: Headers, size: number): ByteRange | undefined {
  const text = headers["x-ms-range"] ?? headers.range;
  if (text === undefined) return undefined;
  const match = /^bytes=(\d+)-(\d*)$/.exec(text);
  if (!match) throw invalidHeader("x-ms-range", text, "bytes=first-last");
  const first = Number(match[1]);
  const last = match[2] ? Number(match[2]) : size - 1;
  if (first >= size || last < first) {
    throw new StorageError(416, "InvalidRange", `The range '${text}' is outside the blob of ${size} bytes.`);
  }
  return { first, last: Math.min(last, size - 1) };
}

export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

export function versionHeaders(current: { etag: string; modifiedMs: number }): Record<string, string> {
  return { ETag: current.etag, "Last-Modified": httpDate(current.modifiedMs) };
}
