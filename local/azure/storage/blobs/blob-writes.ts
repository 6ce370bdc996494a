import type { Clock } from "../../../clock.ts";
import { invalidHeader, notSimulated, StorageError } from "../errors.ts";
import type { StorageAnswer, StorageRequest } from "../http.ts";
import { checkConditions } from "./conditions.ts";
import { checkMd5, md5, readMetadata, readProperties, versionHeaders } from "./headers.ts";
import { actOnLease, checkLease } from "./lease.ts";
import type { Blob, BlobStore, Piece } from "./store.ts";
import { type BlockReference, parseBlockList } from "./xml.ts";

const ENCRYPTED = { "x-ms-request-server-encrypted": "true" };
const LONGEST_BLOCK_ID_BYTES = 64;
const MOST_BLOCKS = 50_000;

/** Which blob a request is about. */
export interface BlobAddress {
  readonly container: string;
  readonly name: string;
}

/** The operations that change a blob. To be called inside `Database.write`; each checks everything before it writes. */
export class BlobWrites {
  readonly #store: BlobStore;
  readonly #clock: Clock;

  constructor(store: BlobStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Put Blob: the whole of a block blob, or a new, empty append blob. */
  put(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const { headers, body } = request;
    if (headers["x-ms-copy-source"] !== undefined) throw notSimulated("Copying a blob");
    const type = headers["x-ms-blob-type"];
    if (type === "PageBlob") throw notSimulated("A page blob");
    if (type !== "BlockBlob" && type !== "AppendBlob") {
      throw invalidHeader("x-ms-blob-type", String(type), "BlockBlob or AppendBlob");
    }
    checkMd5(headers, body);
    const before = this.#writable(request, address);
    const given = readProperties(headers);
    const isBlock = type === "BlockBlob";
    const properties = isBlock ? { "content-md5": md5(body), ...given } : given;
    const pieces: Piece[] = isBlock && body.byteLength > 0 ? [{ blockId: undefined, data: body }] : [];
    const blob = this.#store.put(
      before,
      {
        ...address,
        type,
        properties,
        metadata: readMetadata(headers),
        lease: this.#keptLease(request, before),
      },
      pieces,
    );
    const digest = isBlock ? { "Content-MD5": md5(body) } : {};
    return { status: 201, headers: { ...versionHeaders(blob), ...digest, ...ENCRYPTED } };
  }

  /** Put Block: staged until a block list names it. */
  stage(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const id = request.query.get("blockid") ?? "";
    const length = Buffer.from(id, "base64").byteLength;
    if (
      length === 0 ||
      length > LONGEST_BLOCK_ID_BYTES ||
      Buffer.from(id, "base64").toString("base64") !== id
    ) {
      const message = `blockid is '${id}', expected base64 of 1 to ${LONGEST_BLOCK_ID_BYTES} bytes.`;
      throw new StorageError(400, "InvalidQueryParameterValue", message);
    }
    checkMd5(request.headers, request.body);
    const blob = this.#store.find(address.container, address.name);
    checkLease(blob?.lease, request.headers, this.#clock.now(), "Blob");
    requireType(blob, "BlockBlob");
    const other = this.#store.stagedBlocks(address.container, address.name)[0];
    if (other && other.id.length !== id.length) {
      const message = `The block id '${id}' differs in length from '${other.id}'; all of a blob must be equally long.`;
      throw new StorageError(400, "InvalidBlobOrBlock", message);
    }
    this.#store.stage(address.container, address.name, id, request.body);
    return { status: 201, headers: { "Content-MD5": md5(request.body), ...ENCRYPTED } };
  }

  /** Put Block List: makes the blob of the blocks named, in that order. */
  commit(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const list = parseBlockList(Buffer.from(request.body).toString("utf8"));
    if (list.length > MOST_BLOCKS) {
      const message = `The block list names ${list.length} blocks, expected at most ${MOST_BLOCKS}.`;
      throw new StorageError(409, "BlockCountExceedsLimit", message);
    }
    const before = this.#writable(request, address);
    requireType(before, "BlockBlob");
    const committed = new Map(
      before && this.#store.pieces(before).flatMap(({ blockId, data }) => (blockId ? [[blockId, data]] : [])),
    );
    const pieces = list.map((reference) => ({
      blockId: reference.id,
      data: this.#block(address, reference, committed),
    }));
    const { headers } = request;
    const blob = this.#store.put(
      before,
      {
        ...address,
        type: "BlockBlob",
        properties: readProperties(headers),
        metadata: readMetadata(headers),
        lease: this.#keptLease(request, before),
      },
      pieces,
    );
    return { status: 201, headers: { ...versionHeaders(blob), ...ENCRYPTED } };
  }

  #block(
    address: BlobAddress,
    { from, id }: BlockReference,
    committed: ReadonlyMap<string, Uint8Array>,
  ): Uint8Array {
    const staged =
      from === "Committed" ? undefined : this.#store.stagedBlock(address.container, address.name, id);
    const data = staged ?? (from === "Uncommitted" ? undefined : committed.get(id));
    if (!data)
      throw new StorageError(
        400,
        "InvalidBlockList",
        `The block list names '${id}' (${from}), which is not there.`,
      );
    return data;
  }

  /** Append Block. */
  append(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const { headers, body } = request;
    checkMd5(headers, body);
    const blob = this.#store.get(address.container, address.name);
    checkConditions(headers, blob, false);
    checkLease(blob.lease, headers, this.#clock.now(), "Blob");
    requireType(blob, "AppendBlob");
    if (body.byteLength === 0) throw invalidHeader("content-length", "0", "at least 1 byte to append");
    checkAppend(headers, blob.size, body.byteLength);
    this.#store.addPiece(blob.content, blob.size, { blockId: undefined, data: body });
    const after = this.#store.touch({ ...blob, size: blob.size + body.byteLength });
    const count = this.#store.committedBlocks(after).length;
    const appended = {
      "x-ms-blob-append-offset": String(blob.size),
      "x-ms-blob-committed-block-count": String(count),
    };
    return {
      status: 201,
      headers: { ...versionHeaders(after), "Content-MD5": md5(body), ...appended, ...ENCRYPTED },
    };
  }

  delete(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#existing(request, address);
    this.#store.delete(blob);
    return { status: 202, headers: { "x-ms-delete-type-permanent": "true" } };
  }

  setMetadata(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#existing(request, address);
    const after = this.#store.touch({ ...blob, metadata: readMetadata(request.headers) });
    return { status: 200, headers: { ...versionHeaders(after), ...ENCRYPTED } };
  }

  setProperties(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#existing(request, address);
    const after = this.#store.touch({ ...blob, properties: readProperties(request.headers) });
    return { status: 200, headers: versionHeaders(after) };
  }

  /** Neither ETag nor time of change is touched by a lease. */
  lease(request: StorageRequest, address: BlobAddress): StorageAnswer {
    const blob = this.#store.get(address.container, address.name);
    checkConditions(request.headers, blob, false);
    const outcome = actOnLease(blob.lease, request.headers, this.#clock.now());
    this.#store.save({ ...blob, lease: outcome.lease });
    return { status: outcome.status, headers: { ...versionHeaders(blob), ...outcome.headers } };
  }

  #existing(request: StorageRequest, address: BlobAddress): Blob {
    const blob = this.#store.get(address.container, address.name);
    checkConditions(request.headers, blob, false);
    checkLease(blob.lease, request.headers, this.#clock.now(), "Blob");
    return blob;
  }

  #writable(request: StorageRequest, address: BlobAddress): Blob | undefined {
    const before = this.#store.find(address.container, address.name);
    checkConditions(request.headers, before, false);
    checkLease(before?.lease, request.headers, this.#clock.now(), "Blob");
    return before;
  }

  /** A write without a lease ID got here because no lease holds any more: what is left of one is gone with it. */
  #keptLease(request: StorageRequest, before: Blob | undefined) {
    return request.headers["x-ms-lease-id"] === undefined ? undefined : before?.lease;
  }
}

function requireType(blob: Blob | undefined, type: Blob["type"]): void {
  if (!blob || blob.type === type) return;
  throw new StorageError(409, "InvalidBlobType", `The blob is of type ${blob.type}, expected ${type}.`);
}

function checkAppend(headers: StorageRequest["headers"], size: number, added: number): void {
  const position = headers["x-ms-blob-condition-appendpos"];
  if (position !== undefined && Number(position) !== size) {
    const message = `The append position is ${size}, the condition expects ${position}.`;
    throw new StorageError(412, "AppendPositionConditionNotMet", message);
  }
  const most = headers["x-ms-blob-condition-maxsize"];
  if (most !== undefined && size + added > Number(most)) {
    const message = `The blob would have ${size + added} bytes, the condition allows ${most}.`;
    throw new StorageError(412, "MaxBlobSizeConditionNotMet", message);
  }
}
