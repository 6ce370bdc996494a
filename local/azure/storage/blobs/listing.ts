import { StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest } from "../http.ts";
import type { Container } from "./containers.ts";
import { httpDate } from "./headers.ts";
import { leaseHeaders } from "./lease.ts";
import type { Blob, Metadata } from "./store.ts";
import { element, escapeXml, textElements, xmlDocument } from "./xml.ts";

const PAGE_SIZE = 5000;

interface ListQuery {
  readonly prefix: string;
  /** `""` when names are not to be grouped. */
  readonly delimiter: string;
  readonly marker: string;
  readonly maxResults: number;
  readonly hasMetadata: boolean;
}

function readListQuery(query: URLSearchParams): ListQuery {
  const text = query.get("maxresults");
  const maxResults = text === null ? PAGE_SIZE : Number(text);
  if (!Number.isInteger(maxResults) || maxResults < 1) {
    const message = `maxresults is '${text}', expected a whole number from 1.`;
    throw new StorageError(400, "OutOfRangeQueryParameterValue", message);
  }
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    marker: decodeMarker(query.get("marker") ?? ""),
    maxResults: Math.min(maxResults, PAGE_SIZE),
    hasMetadata: (query.get("include") ?? "").split(",").includes("metadata"),
  };
}

/** Opaque to clients, and safe in a query and in XML whatever the name holds. */
function encodeMarker(name: string): string {
  return Buffer.from(name, "utf8").toString("base64url");
}

function decodeMarker(marker: string): string {
  return Buffer.from(marker, "base64url").toString("utf8");
}

/** One page of a container's blobs, by prefix; with a delimiter, names that go on behind it are one BlobPrefix. */
export function listBlobs(
  request: StorageRequest,
  container: string,
  from: (name: string) => Iterable<Blob>,
  nowMs: number,
): StorageAnswer {
  const query = readListQuery(request.query);
  const items: string[] = [];
  let group: string | undefined;
  let next: string | undefined;
  for (const blob of from(query.marker > query.prefix ? query.marker : query.prefix)) {
    if (!blob.name.startsWith(query.prefix)) break;
    const groupOfBlob = groupOf(blob.name, query);
    if (groupOfBlob !== undefined && groupOfBlob === group) continue;
    if (items.length === query.maxResults) {
      next = blob.name;
      break;
    }
    group = groupOfBlob;
    items.push(group === undefined ? blobItem(blob, query, nowMs) : prefixItem(group));
  }
  const attributes = { ServiceEndpoint: `${request.accountUrl}/`, ContainerName: container };
  return page(request.query, query, attributes, element("Blobs", items.join("")), next);
}

function groupOf(name: string, { prefix, delimiter }: ListQuery): string | undefined {
  const at = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : name.slice(0, at + delimiter.length);
}

function prefixItem(prefix: string): string {
  return element("BlobPrefix", textElements({ Name: prefix }));
}

function blobItem(blob: Blob, query: ListQuery, nowMs: number): string {
  const { properties } = blob;
  const values = textElements({
    "Creation-Time": httpDate(blob.createdMs),
    "Last-Modified": httpDate(blob.modifiedMs),
    Etag: blob.etag.replaceAll('"', ""),
    "Content-Length": blob.size,
    "Content-Type": properties["content-type"] ?? "application/octet-stream",
    "Content-Encoding": properties["content-encoding"],
    "Content-Language": properties["content-language"],
    "Content-MD5": properties["content-md5"],
    "Content-Disposition": properties["content-disposition"],
    "Cache-Control": properties["cache-control"],
    BlobType: blob.type,
    ...leaseElements(leaseHeaders(blob.lease, nowMs)),
    ServerEncrypted: "true",
  });
  const metadata = query.hasMetadata ? metadataElement(blob.metadata) : "";
  return element("Blob", `${textElements({ Name: blob.name })}${element("Properties", values)}${metadata}`);
}

/** One page of the account's containers. */
export function listContainers(
  request: StorageRequest,
  from: (name: string) => readonly Container[],
  nowMs: number,
): StorageAnswer {
  const query = readListQuery(request.query);
  const all = from(query.marker).filter((container) => container.name.startsWith(query.prefix));
  const items = all.slice(0, query.maxResults).map((container) => {
    const values = textElements({
      "Last-Modified": httpDate(container.modifiedMs),
      Etag: container.etag,
      ...leaseElements(leaseHeaders(container.lease, nowMs)),
      HasImmutabilityPolicy: "false",
      HasLegalHold: "false",
    });
    const metadata = query.hasMetadata ? metadataElement(container.metadata) : "";
    return element(
      "Container",
      `${textElements({ Name: container.name })}${element("Properties", values)}${metadata}`,
    );
  });
  const attributes = { ServiceEndpoint: `${request.accountUrl}/` };
  return page(
    request.query,
    query,
    attributes,
    element("Containers", items.join("")),
    all[query.maxResults]?.name,
  );
}

function leaseElements(headers: Record<string, string>) {
  return {
    LeaseStatus: headers["x-ms-lease-status"],
    LeaseState: headers["x-ms-lease-state"],
    LeaseDuration: headers["x-ms-lease-duration"],
  };
}

function metadataElement(metadata: Metadata): string {
  const values = Object.entries(metadata).map(([name, value]) => element(name, escapeXml(value)));
  return element("Metadata", values.join(""));
}

function page(
  asked: URLSearchParams,
  query: ListQuery,
  attributes: Record<string, string>,
  items: string,
  next: string | undefined,
): StorageAnswer {
  const head = textElements({
    Prefix: asked.get("prefix") ?? undefined,
    Marker: asked.get("marker") ?? undefined,
    MaxResults: query.maxResults,
    Delimiter: asked.get("delimiter") ?? undefined,
  });
  const tail = element("NextMarker", next === undefined ? "" : encodeMarker(next));
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: xmlDocument(element("EnumerationResults", `${head}${items}${tail}`, attributes)),
  };
}
