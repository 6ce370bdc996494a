import { notSimulated, StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest } from "../http.ts";
import type { Container } from "./containers.ts";
import { copyHeaders } from "./copies.ts";
import { httpDate } from "./headers.ts";
import { leaseHeaders } from "./lease.ts";
import type { Blob, Metadata } from "./store.ts";
import { tierOf } from "./tiers.ts";
import { element, escapeXml, textElements, xmlDocument } from "./xml.ts";

const PAGE_SIZE = 5000;

interface ListQuery {
  readonly prefix: string;
  /** `""` when names are not to be grouped. */
  readonly delimiter: string;
  readonly marker: Marker;
  readonly maxResults: number;
  readonly include: readonly string[];
}

/** Where the next page begins. */
interface Marker {
  readonly name: string;
  /** Of the blob named; `""` for the blob itself, which comes after its snapshots. */
  readonly snapshot: string;
}

/** What a list of blobs is made from: blobs by name from one on, and the snapshots of one, the oldest first. */
export interface BlobSource {
  readonly from: (name: string) => Iterable<Blob>;
  readonly snapshotsOf: (name: string) => readonly Blob[];
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
    include: readInclude(query.get("include") ?? ""),
  };
}

/** What is never there (deleted blobs, versions, tags) may be asked for: there is none. */
function readInclude(text: string): string[] {
  const include = text.split(",");
  if (include.includes("uncommittedblobs")) throw notSimulated("A list that includes 'uncommittedblobs'");
  return include;
}

/** Opaque to clients, and safe in a query and in XML whatever the name holds. */
function encodeMarker({ name, snapshot }: Marker): string {
  return [name, snapshot].map((part) => Buffer.from(part, "utf8").toString("base64url")).join(".");
}

function decodeMarker(marker: string): Marker {
  const [name = "", snapshot = ""] = marker
    .split(".")
    .map((part) => Buffer.from(part, "base64url").toString("utf8"));
  return { name, snapshot };
}

/** One page of a container's blobs, by prefix; with a delimiter, names that go on behind it are one BlobPrefix. */
export function listBlobs(
  request: StorageRequest,
  container: string,
  source: BlobSource,
  nowMs: number,
): StorageAnswer {
  const query = readListQuery(request.query);
  const items: string[] = [];
  let group: string | undefined;
  let next: Marker | undefined;
  for (const blob of inOrder(source, query)) {
    if (!blob.name.startsWith(query.prefix)) break;
    const groupOfBlob = groupOf(blob.name, query);
    if (groupOfBlob !== undefined && groupOfBlob === group) continue;
    if (items.length === query.maxResults) {
      next = { name: blob.name, snapshot: blob.snapshot ?? "" };
      break;
    }
    group = groupOfBlob;
    items.push(group === undefined ? blobItem(blob, query, nowMs) : prefixItem(group));
  }
  const attributes = { ServiceEndpoint: `${request.accountUrl}/`, ContainerName: container };
  return page(request.query, query, attributes, element("Blobs", items.join("")), next);
}

/** From where the last page ended: each blob's snapshots, when they are asked for, then the blob. */
function* inOrder(source: BlobSource, { prefix, marker, include }: ListQuery): Generator<Blob> {
  const hasSnapshots = include.includes("snapshots");
  for (const blob of source.from(marker.name > prefix ? marker.name : prefix)) {
    const isResumed = blob.name === marker.name;
    for (const snapshot of hasSnapshots ? source.snapshotsOf(blob.name) : []) {
      const isBefore = marker.snapshot === "" || (snapshot.snapshot ?? "") < marker.snapshot;
      if (!isResumed || !isBefore) yield snapshot;
    }
    yield blob;
  }
}

function groupOf(name: string, { prefix, delimiter }: ListQuery): string | undefined {
  const at = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : name.slice(0, at + delimiter.length);
}

function prefixItem(prefix: string): string {
  return element("BlobPrefix", textElements({ Name: prefix }));
}

function blobItem(blob: Blob, query: ListQuery, nowMs: number): string {
  const { properties, snapshot } = blob;
  const tier = tierOf(blob);
  const copy = query.include.includes("copy") ? copyHeaders(blob) : {};
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
    ...(snapshot === undefined ? leaseElements(leaseHeaders(blob.lease, nowMs)) : {}),
    CopyId: copy["x-ms-copy-id"],
    CopyStatus: copy["x-ms-copy-status"],
    CopySource: copy["x-ms-copy-source"],
    CopyProgress: copy["x-ms-copy-progress"],
    CopyCompletionTime: copy["x-ms-copy-completion-time"],
    AccessTier: tier?.name,
    AccessTierInferred: tier?.isInferred ? "true" : undefined,
    AccessTierChangeTime: tier?.changedMs === undefined ? undefined : httpDate(tier.changedMs),
    ServerEncrypted: "true",
  });
  const metadata = query.include.includes("metadata") ? metadataElement(blob.metadata) : "";
  return element(
    "Blob",
    `${textElements({ Name: blob.name, Snapshot: snapshot })}${element("Properties", values)}${metadata}`,
  );
}

/** One page of the account's containers. */
export function listContainers(
  request: StorageRequest,
  from: (name: string) => readonly Container[],
  nowMs: number,
): StorageAnswer {
  const query = readListQuery(request.query);
  const all = from(query.marker.name).filter((container) => container.name.startsWith(query.prefix));
  const items = all.slice(0, query.maxResults).map((container) => {
    const values = textElements({
      "Last-Modified": httpDate(container.modifiedMs),
      Etag: container.etag,
      ...leaseElements(leaseHeaders(container.lease, nowMs)),
      HasImmutabilityPolicy: "false",
      HasLegalHold: "false",
    });
    const metadata = query.include.includes("metadata") ? metadataElement(container.metadata) : "";
    return element(
      "Container",
      `${textElements({ Name: container.name })}${element("Properties", values)}${metadata}`,
    );
  });
  const attributes = { ServiceEndpoint: `${request.accountUrl}/` };
  const next = all[query.maxResults];
  return page(
    request.query,
    query,
    attributes,
    element("Containers", items.join("")),
    next && { name: next.name, snapshot: "" },
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
  next: Marker | undefined,
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
