import type { Clock } from "../../../clock.ts";
import type { Database } from "../database.ts";
import { notSimulated, StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest, StorageService } from "../http.ts";
import type { Account } from "../shared-key.ts";
import { type BlobAddress, BlobWrites } from "./blob-writes.ts";
import { checkConditions } from "./conditions.ts";
import { Containers } from "./containers.ts";
import { CopySources, copyHeaders } from "./copies.ts";
import { type ByteRange, httpDate, md5, metadataHeaders, readRange, versionHeaders } from "./headers.ts";
import { checkLease, leaseHeaders } from "./lease.ts";
import { listBlobs, listContainers } from "./listing.ts";
import { BlobSnapshots } from "./snapshots.ts";
import { type Blob, BlobStore } from "./store.ts";
import { requireOnline, tierOf } from "./tiers.ts";
import { element, textElements, xmlDocument } from "./xml.ts";

/** Parameters and headers that would change what a request means, and of which nothing is simulated. */
const LEFT_OUT = ["versionid"];
const LEFT_OUT_HEADERS = [
  "x-ms-content-crc64",
  "x-ms-encryption-key",
  "x-ms-encryption-scope",
  "x-ms-if-tags",
  "x-ms-immutability-policy-until-date",
  "x-ms-legal-hold",
  "x-ms-range-get-content-crc64",
  "x-ms-seal-blob",
  "x-ms-structured-body",
  "x-ms-tags",
];
/** What a snapshot can be asked for: it is read and deleted, never written. */
const OF_SNAPSHOTS = ["GET", "HEAD", "GET blocklist", "DELETE"];
const LARGEST_RANGE_WITH_MD5_BYTES = 4 * 1024 * 1024;

/** The Blob service's REST API over a `Database`: containers, block blobs, append blobs, conditions and leases. */
export class BlobService implements StorageService {
  readonly name = "blob";
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #containers: Containers;
  readonly #store: BlobStore;
  readonly #writes: BlobWrites;
  readonly #snapshots: BlobSnapshots;

  constructor(database: Database, clock: Clock, account: Account) {
    this.#database = database;
    this.#clock = clock;
    this.#containers = new Containers(database, clock);
    this.#store = new BlobStore(database, clock);
    this.#writes = new BlobWrites(this.#store, new CopySources(this.#store, account, clock), clock);
    this.#snapshots = new BlobSnapshots(this.#store, clock);
  }

  async handle(request: StorageRequest): Promise<StorageAnswer> {
    const { path, query } = request;
    for (const name of LEFT_OUT) if (query.has(name)) throw notSimulated(`The parameter '${name}'`);
    for (const name of LEFT_OUT_HEADERS) {
      if (request.headers[name] !== undefined) throw notSimulated(`The header '${name}'`);
    }
    const slash = path.indexOf("/");
    const container = slash < 0 ? path : path.slice(0, slash);
    const name = slash < 0 ? "" : path.slice(slash + 1);
    if (container === "") return this.#account(request);
    if (name !== "") return this.#blob(request, { container, name });
    if (request.method === "GET" && query.get("comp") === "list") return this.#list(request, container);
    return this.#containers.handle(request, container);
  }

  describeError(code: string, message: string) {
    return {
      headers: { "Content-Type": "application/xml", "x-ms-error-code": code },
      body: xmlDocument(element("Error", textElements({ Code: code, Message: message }))),
    };
  }

  #account(request: StorageRequest): StorageAnswer {
    const operation = [request.method, request.query.get("restype"), request.query.get("comp")].join(" ");
    if (operation === "GET  list") {
      return listContainers(request, (from) => this.#containers.list(from), this.#clock.now());
    }
    if (operation === "GET account properties") {
      return { status: 200, headers: { "x-ms-sku-name": "Standard_LRS", "x-ms-account-kind": "StorageV2" } };
    }
    throw notSimulated(`The account operation '${operation}'`);
  }

  #list(request: StorageRequest, container: string): StorageAnswer {
    this.#containers.get(container);
    const source = {
      from: (name: string) => this.#store.list(container, name),
      snapshotsOf: (name: string) => this.#store.snapshotsOf(container, name),
    };
    return listBlobs(request, container, source, this.#clock.now());
  }

  async #blob(request: StorageRequest, address: BlobAddress): Promise<StorageAnswer> {
    const operation = `${request.method} ${request.query.get("comp") ?? ""}`.trim();
    if (request.query.has("snapshot") && !OF_SNAPSHOTS.includes(operation)) {
      throw notSimulated(`The operation '${operation}' on a snapshot`);
    }
    switch (operation) {
      case "GET":
      case "HEAD":
        return this.#read(request, address);
      case "GET blocklist":
        return this.#blockList(request, address);
      default: {
        const work = this.#writeOf(operation);
        return this.#database.write(() => {
          this.#containers.get(address.container);
          return work(request, address);
        });
      }
    }
  }

  #writeOf(operation: string): (request: StorageRequest, address: BlobAddress) => StorageAnswer {
    const writes = this.#writes;
    switch (operation) {
      case "PUT":
        return (request, address) => writes.put(request, address);
      case "PUT block":
        return (request, address) => writes.stage(request, address);
      case "PUT blocklist":
        return (request, address) => writes.commit(request, address);
      case "PUT appendblock":
        return (request, address) => writes.append(request, address);
      case "PUT metadata":
        return (request, address) => writes.setMetadata(request, address);
      case "PUT properties":
        return (request, address) => writes.setProperties(request, address);
      case "PUT lease":
        return (request, address) => writes.lease(request, address);
      case "PUT copy":
        return (request, address) => writes.abortCopy(request, address);
      case "PUT tier":
        return (request, address) => writes.setTier(request, address);
      case "PUT snapshot":
        return (request, address) => this.#snapshots.take(request, address);
      case "DELETE":
        return (request, address) => this.#snapshots.delete(request, address);
      default:
        throw notSimulated(`The blob operation '${operation}'`);
    }
  }

  #readable(request: StorageRequest, { container, name }: BlobAddress): Blob {
    this.#containers.get(container);
    const snapshot = request.query.get("snapshot");
    if (snapshot !== null) return this.#store.getSnapshot(container, name, snapshot);
    const blob = this.#store.get(container, name);
    checkLease(blob.lease, request.headers, this.#clock.now(), "Blob", false);
    return blob;
  }

  #read(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#readable(request, address);
    checkConditions(request.headers, blob, true);
    const isHead = request.method === "HEAD";
    const range = isHead ? undefined : readRange(request.headers, blob.size);
    const { first, last } = range ?? { first: 0, last: blob.size - 1 };
    const headers = {
      ...this.#describe(blob, range),
      ...request.grant?.responseHeaders,
      "Content-Length": String(last - first + 1),
    };
    if (isHead) return { status: 200, headers };
    requireOnline(blob);
    const body = this.#store.read(blob, first, last);
    return { status: range ? 206 : 200, headers: { ...headers, ...rangeMd5(request, range, body) }, body };
  }

  #describe(blob: Blob, range: ByteRange | undefined): Record<string, string> {
    const { "content-md5": digest, ...properties } = blob.properties;
    const headers: Record<string, string> = {
      "content-type": "application/octet-stream",
      ...properties,
      ...versionHeaders(blob),
      ...(blob.snapshot === undefined ? leaseHeaders(blob.lease, this.#clock.now()) : {}),
      ...tierHeaders(blob),
      ...copyHeaders(blob),
      ...metadataHeaders(blob.metadata),
      "Accept-Ranges": "bytes",
      "x-ms-blob-type": blob.type,
      "x-ms-creation-time": httpDate(blob.createdMs),
      "x-ms-server-encrypted": "true",
    };
    // The digest is that of the whole blob, so for a part of it it goes by another name.
    if (digest !== undefined) headers[range ? "x-ms-blob-content-md5" : "Content-MD5"] = digest;
    if (range) headers["Content-Range"] = `bytes ${range.first}-${range.last}/${blob.size}`;
    if (blob.type === "AppendBlob") {
      headers["x-ms-blob-committed-block-count"] = String(this.#store.committedBlocks(blob).length);
    }
    return headers;
  }

  #blockList(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const type = request.query.get("blocklisttype") ?? "committed";
    const staged = this.#store.stagedBlocks(address.container, address.name);
    // A blob that has only been staged is there, but has no properties yet.
    const isOnlyStaged = staged.length > 0 && !this.#store.find(address.container, address.name);
    const blob = isOnlyStaged ? undefined : this.#readable(request, address);
    const toXml = (blocks: readonly { id: string | undefined; size: number }[]) =>
      blocks
        .flatMap(({ id, size }) => (id ? [element("Block", textElements({ Name: id, Size: size }))] : []))
        .join("");
    const committed = blob ? toXml(this.#store.committedBlocks(blob)) : "";
    const lists =
      (type === "uncommitted" ? "" : element("CommittedBlocks", committed)) +
      (type === "committed" ? "" : element("UncommittedBlocks", toXml(staged)));
    return {
      status: 200,
      headers: {
        "Content-Type": "application/xml",
        ...(blob ? { ...versionHeaders(blob), "x-ms-blob-content-length": String(blob.size) } : {}),
      },
      body: xmlDocument(element("BlockList", lists)),
    };
  }
}

/** The digest of a part of a blob, for who asks for it. @throws {StorageError} 400 for a part above 4 MiB */
function rangeMd5(
  { headers }: StorageRequest,
  range: ByteRange | undefined,
  body: Uint8Array,
): Record<string, string> {
  if (headers["x-ms-range-get-content-md5"] !== "true") return {};
  if (!range || body.byteLength > LARGEST_RANGE_WITH_MD5_BYTES) {
    const message = `'x-ms-range-get-content-md5' goes with a range of at most ${LARGEST_RANGE_WITH_MD5_BYTES} bytes.`;
    throw new StorageError(400, range ? "OutOfRangeInput" : "MissingRequiredHeader", message);
  }
  return { "Content-MD5": md5(body) };
}

function tierHeaders(blob: Blob): Record<string, string> {
  const tier = tierOf(blob);
  if (!tier) return {};
  if (tier.isInferred) return { "x-ms-access-tier": tier.name, "x-ms-access-tier-inferred": "true" };
  return { "x-ms-access-tier": tier.name, "x-ms-access-tier-change-time": httpDate(tier.changedMs ?? 0) };
}
